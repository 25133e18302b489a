const links = [
  ['docs', '/docs', 'every operation of the API, to read and to try in a browser'],
  ['problems', '/problems', 'every error code, with what to do'],
  ['openapi', '/openapi.json', 'the description of the API for programs'],
] as const;

/** Returns what `/` answers to a client that is no browser, such as curl: where to read on. */
export const landingText = (version: string): string =>
  [
    `License Ledger ${version}, a license server.`,
    '',
    ...links.map(([, path, description]) => `  ${path.padEnd(13)}  ${description}`),
    '',
  ].join('\n');

/** Returns what `/` answers to a client that prefers JSON. */
export const landingJson = (version: string): string =>
  JSON.stringify({
    name: 'License Ledger',
    version,
    links: Object.fromEntries(links.map(([name, path]) => [name, path])),
  });
