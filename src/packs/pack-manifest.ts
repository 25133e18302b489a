import { isInstant } from '../domain/time.ts';
import { canonicalJson } from '../eventstore/chain/canonical.ts';
import { sha256 } from '../proof/hashing/sha256.ts';
import { mustBe } from '../proof/invalid.ts';
import { hexOf, utf8 } from '../proof/text/bytes.ts';
import { parseObject } from '../proof/text/strict-json.ts';
import type { WrittenFile } from './zip/write-zip.ts';

/** The request for a pack. Exactly one of `licenses` and `filter` is not null. Both instants are in UTC. */
export type PackQuery = {
  readonly licenses: readonly string[] | null;
  readonly filter: Readonly<Record<string, unknown>> | null;
  readonly from: string;
  readonly to: string;
};

/** What a pack says of itself. Nothing signs it. */
export type Manifest = {
  readonly v: 1;
  readonly organizationId: string;
  readonly query: PackQuery;
  /** Who requested the pack. */
  readonly actor: { readonly type: string; readonly id: string };
  readonly createdAt: string;
  readonly software: { readonly version: string; readonly fold: string };
  readonly counts: { readonly licenses: number; readonly events: number; readonly leaves: number };
  readonly files: readonly WrittenFile[];
};

/** Returns the text of a manifest: RFC 8785 JSON with `digest`, the SHA-256 of the other members, and a line break. */
export const formatManifest = (manifest: Manifest): string =>
  `${canonicalJson({ ...manifest, digest: digestOf(manifest) })}\n`;

/** Returns the manifest of a text in its only form. Throws InvalidProof for another text. */
export const parseManifest = (text: string): Manifest => {
  const { digest, ...members } = parseObject(text, 'manifest.json');
  mustBe(members.v === 1, 'manifest.json does not have the version 1.');
  mustBe(digest === digestOf(members), 'manifest.json does not have the digest that it names: it was changed.');
  const manifest = checkManifest(members);
  const isOwnForm = text === formatManifest(manifest);
  mustBe(isOwnForm, 'manifest.json has members that this program does not write, or is not RFC 8785 JSON in one line.');
  return manifest;
};

const checkManifest = (members: Readonly<Record<string, unknown>>): Manifest => {
  const { organizationId, createdAt } = members;
  const [query, actor, software, counts] = [members.query, members.actor, members.software, members.counts];
  mustBe(typeof organizationId === 'string' && typeof createdAt === 'string', 'manifest.json lacks its organization.');
  mustBe(isInstant(createdAt), 'manifest.json does not say when the pack was made.');
  mustBe(isQuery(query), 'manifest.json has no query with licenses or a filter, and with from no later than to.');
  mustBe(query.to <= createdAt, 'manifest.json has a query for states after the time when the pack was made.');
  mustBe(hasTexts(actor, 'type', 'id'), 'manifest.json does not say who requested the pack.');
  mustBe(hasTexts(software, 'version', 'fold'), 'manifest.json does not say which release wrote the pack.');
  mustBe(hasCounts(counts, 'licenses', 'events', 'leaves'), 'manifest.json lacks a count.');
  const files: unknown = members.files;
  mustBe(Array.isArray(files) && files.every(isFile), 'manifest.json does not list the files with their hashes.');
  return {
    ...{ v: 1, organizationId, createdAt },
    query: { licenses: query.licenses, filter: query.filter, from: query.from, to: query.to },
    actor: { type: actor.type, id: actor.id },
    software: { version: software.version, fold: software.fold },
    counts: { licenses: counts.licenses, events: counts.events, leaves: counts.leaves },
    files: files.map(({ name, bytes, sha256: hash }) => ({ name, bytes, sha256: hash })),
  };
};

const digestOf = (members: object): string => hexOf(sha256(utf8(canonicalJson(members))));

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hasTexts = <Name extends string>(
  value: unknown,
  ...names: readonly Name[]
): value is Readonly<Record<Name, string>> => isObject(value) && names.every((name) => typeof value[name] === 'string');

const hasCounts = <Name extends string>(
  value: unknown,
  ...names: readonly Name[]
): value is Readonly<Record<Name, number>> => isObject(value) && names.every((name) => typeof value[name] === 'number');

const isFile = (value: unknown): value is WrittenFile => hasTexts(value, 'name', 'sha256') && hasCounts(value, 'bytes');

const isQuery = (value: unknown): value is PackQuery => {
  if (!hasTexts(value, 'from', 'to') || !isInstant(value.from) || !isInstant(value.to)) return false;
  if (value.from > value.to) return false;
  const { licenses, filter }: Members = value;
  const isList = Array.isArray(licenses) && licenses.every((id) => typeof id === 'string');
  return isList ? filter === null : licenses === null && isObject(filter);
};
