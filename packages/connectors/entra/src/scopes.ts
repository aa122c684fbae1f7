/**
 * A scope at Microsoft Entra ID: a permission of Microsoft Graph, or of another API with its identifier in front. Any text
 * is accepted, since Graph alone has several hundred.
 * The identity scopes: learn.microsoft.com/en-us/entra/identity-platform/scopes-oidc, checked 2026-11-26. The others are
 * common ones of learn.microsoft.com/en-us/graph/permissions-reference, one by one unconfirmed.
 */
export type EntraScope =
  | "openid"
  | "profile"
  | "email"
  | "offline_access"
  | "User.Read"
  | "User.ReadBasic.All"
  | "Calendars.Read"
  | "Calendars.ReadWrite"
  | "Chat.Read"
  | "Contacts.Read"
  | "Contacts.ReadWrite"
  | "Files.Read"
  | "Files.Read.All"
  | "Files.ReadWrite"
  | "Files.ReadWrite.All"
  | "Mail.Read"
  | "Mail.ReadWrite"
  | "Mail.Send"
  | "Notes.Read"
  | "OnlineMeetings.ReadWrite"
  | "Sites.Read.All"
  | "Sites.ReadWrite.All"
  | "Tasks.Read"
  | "Tasks.ReadWrite"
  | (string & {});
