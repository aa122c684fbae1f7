import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "@grantkeeper/core";
import type { Json, JsonObject } from "@grantkeeper/core/connector";
import type { SigningKeys } from "./signing-keys.ts";

/** Where a hostile provider leaves the protocol. */
export type HostileLeg =
  | "discovery"
  | "authorization"
  | "token"
  | "refresh"
  | "jwks"
  | "userinfo"
  | "revocation"
  | "api";

/** One attack, as data. */
export interface HostileAttack {
  /** The module's name where the OpenID conformance suite has one for relying parties. */
  readonly name: string;
  /** Of docs/requirements.md. */
  readonly requirement: string;
  readonly leg: HostileLeg;
  /** Codes that a refusal may have. None: what was done does no harm, and nothing is refused. */
  readonly expected: readonly ErrorCode[];
  readonly summary: string;
  /** Only the deadline of the one who asks ends it: `refresh.callTimeout` of a keeper. */
  readonly stalls?: true;
}

/** An attack and how it is done. */
export interface Attack extends HostileAttack {
  readonly tampering: Tampering;
}

/** What a provider does otherwise than it should. */
export interface Tampering {
  /** Takes the place of what an endpoint answers. */
  readonly answers?: Partial<Readonly<Record<Endpoint, Answer>>>;
  readonly metadata?: (metadata: JsonObject, world: HostileWorld) => Json;
  readonly jwks?: (jwks: JsonObject, world: HostileWorld) => Json;
  /** `undefined` leaves the ID token out. */
  readonly idToken?: (draft: IdTokenDraft, world: HostileWorld) => Json | undefined;
  readonly tokenResponse?: (body: JsonObject, world: HostileWorld) => Json;
  readonly userinfo?: (claims: JsonObject, world: HostileWorld) => Json;
  /** Changes the callback URL that the browser is sent to. */
  readonly callback?: (callback: URL, world: HostileWorld) => URL;
  /** Sends the browser to the first callback URL once more, whatever it asks for. */
  readonly replaysCallback?: true;
  /** Gives codes that belong to another client. */
  readonly codesOfAnotherClient?: true;
}

export type Endpoint = "discovery" | "jwks" | "authorization" | "token" | "refresh" | "userinfo" | "revocation" | "api";

export interface HostileWorld {
  /** `http://127.0.0.1:PORT` */
  readonly issuer: string;
  /** The origin of the host that must hear of nothing. */
  readonly bystander: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly keys: SigningKeys;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** An ID token before it is signed. */
export interface IdTokenDraft {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** A JWS in compact form, by the key whose id the metadata's keys have. */
  readonly sign: (header: JsonObject, claims: JsonObject) => string;
}

/** One request, and what becomes of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly world: HostileWorld;
  /** Form parameters of the request. */
  readonly form: URLSearchParams;
  /** What an honest provider would answer. Of a token request: the tokens are issued, and a refresh token is spent. */
  readonly honest: () => Json;
}

export type Answer = (exchange: Exchange) => void;
