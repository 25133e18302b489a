import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import { isUnmodified } from './conditional.ts';
import type { Respond } from './respond.ts';

/** A file that stays the same while the process runs. `read` is called once, at the first request. */
export type StoredFile = {
  readonly type: string;
  readonly read: () => Buffer;
  /** Further headers. A Content-Security-Policy replaces the one of all answers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a browser uses the file without asking, in seconds. Default: it asks each time, and gets 304. */
  readonly maxAgeSeconds?: number;
  /** True when another content gets another address, so a browser never asks again. */
  readonly isImmutable?: boolean;
};

type Form = { readonly bytes: Buffer; readonly tag: string; readonly headers: Readonly<Record<string, string>> };

/**
 * Returns what answers requests for a file: compressed for clients that accept it, with an ETag, and 304 for a client
 * that has it. Each form is made once.
 */
export const createStoredFile = (
  { type, read, headers = {}, maxAgeSeconds, isImmutable = false }: StoredFile,
  respond: Respond,
): ((response: ServerResponse) => Promise<void>) => {
  const age = maxAgeSeconds === undefined ? 'no-cache' : `max-age=${maxAgeSeconds}`;
  const caching = { 'Cache-Control': `public, ${age}${isImmutable ? ', immutable' : ''}` };
  let bytes: Buffer | undefined;
  const forms = new Map<Encoding, Promise<Form>>();
  const formOf = (encoding: Encoding): Promise<Form> => {
    bytes ??= read();
    const form = forms.get(encoding) ?? makeForm(bytes, encoding);
    forms.set(encoding, form);
    return form;
  };
  return async (response) => {
    const request = response.req;
    const form = await formOf(encodingFor(request.headers));
    // The answer may vary by Origin already.
    response.appendHeader('Vary', 'Accept-Encoding');
    const shared = { ...caching, ETag: form.tag };
    if (isUnmodified(request.headers, form.tag)) respond.unchanged(response, { ...headers, ...shared });
    else respond.file(response, type, form.bytes, { ...headers, ...shared, ...form.headers });
  };
};

type Encoding = 'br' | 'gzip' | 'identity';

const makeForm = async (bytes: Buffer, encoding: Encoding): Promise<Form> => {
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  if (encoding === 'identity') return { bytes, tag: `"${digest}"`, headers: {} };
  return {
    bytes: await compress[encoding](bytes),
    tag: `"${digest}.${encoding}"`,
    headers: { 'Content-Encoding': encoding },
  };
};

// The highest level takes seconds for the script of /docs, and saves a tenth.
const brotliLevel = 5;

const compress = {
  br: (bytes: Buffer) => promisify(brotliCompress)(bytes, { params: { [zlib.BROTLI_PARAM_QUALITY]: brotliLevel } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
};

/** Returns the best encoding that the client accepts by name. */
const encodingFor = (headers: IncomingHttpHeaders): Encoding => {
  const accepted = new Map(
    String(headers['accept-encoding'] ?? '')
      .toLowerCase()
      .split(',')
      .map((entry) => {
        const [name = '', ...parameters] = entry.split(';').map((part) => part.trim());
        return [name, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))] as const;
      }),
  );
  return (['br', 'gzip'] as const).find((encoding) => accepted.get(encoding) === true) ?? 'identity';
};
