/** The origins of Google's common APIs, and those that an application adds. */
export function apiOrigins(added: readonly string[] = []): readonly string[] {
  return [...apiNames.map((name) => `https://${name}.googleapis.com`), ...added];
}

// <name>.googleapis.com, by the service endpoints of developers.google.com/apis-explorer: unconfirmed one by one.
// Calendar and Drive are served by `www`.
const apiNames: readonly string[] = [
  "www",
  "admin",
  "analyticsadmin",
  "analyticsdata",
  "bigquery",
  "chat",
  "classroom",
  "docs",
  "driveactivity",
  "drivelabels",
  "forms",
  "gmail",
  "meet",
  "people",
  "script",
  "searchconsole",
  "sheets",
  "slides",
  "storage",
  "tasks",
  "youtube",
  "youtubeanalytics",
];
