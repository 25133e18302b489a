import { describe, expect, test } from 'vitest';
import { createClient } from '../../packages/client/src/client.ts';
import { credentialIn } from '../../src/api/authorize.ts';
import { formatLicenseKey, licenseKeyTextMax, oneSpellingOf, parseLicenseKey } from '../../src/identity/license-key.ts';
import { shareLedger } from '../support/shared-ledger.ts';

const body = '0123456789ABCDEFGHJKMNPQRS';
const key = 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9';
const symbols = key.slice(3).replaceAll('-', '');

const fullWidth = (text: string) =>
  text.replace(/[!-~]/g, (character) => String.fromCodePoint(character.charCodeAt(0) + 0xfee0));
const dashedWith = (dash: string) => key.replaceAll('-', dash);
const betweenAll = (character: string) => [...key].join(character);

const dashes =
  '\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{2043}\u{FE58}\u{FE63}\u{FF0D}\u{30FC}\u{2E3A}';
const spaces = '\u{A0}\u{1680}\u{2002}\u{2003}\u{2007}\u{2009}\u{200A}\u{202F}\u{205F}\u{3000}\u{2028}\t\n\r\v\f';
const invisible =
  '\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}\u{AD}\u{200E}\u{200F}\u{202A}\u{2069}\u{180E}\u{FE0F}\u{34F}';
const quotes: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['\u{201C}', '\u{201D}'],
  ['\u{201E}', '\u{201C}'],
  ['\u{2018}', '\u{2019}'],
  ['\u{AB}', '\u{BB}'],
  ['\u{AB}\u{A0}', '\u{A0}\u{BB}'],
  ['\u{300C}', '\u{300D}'],
  ['\u{FF02}', '\u{FF02}'],
];

const codes = (text: string) => [...text].map((one) => `U+${one.codePointAt(0)?.toString(16).toUpperCase()}`).join(' ');

describe('A license key is read as people paste it', () => {
  test.each([...dashes].map((dash) => [codes(dash), dash]))('with the dash %s', (_, dash) => {
    expect(parseLicenseKey(dashedWith(dash))).toBe(body);
    // The word processor replaced only the first dash, or only the others.
    expect(parseLicenseKey(key.replace('-', dash))).toBe(body);
    expect(parseLicenseKey(`LL-${dashedWith(dash).slice(3)}`)).toBe(body);
    expect(parseLicenseKey(dashedWith(dash).slice(3))).toBe(body);
  });

  test.each([...spaces].map((space) => [codes(space), space]))('with the space %s', (_, space) => {
    for (const text of [dashedWith(space), betweenAll(space), `${space}${key}${space}`, dashedWith(` -${space}`)])
      expect(parseLicenseKey(text)).toBe(body);
  });

  test.each([...invisible].map((character) => [codes(character), character]))('with the invisible %s', (_, hidden) => {
    for (const text of [betweenAll(hidden), `${hidden}${key}`, `${key}${hidden}`, dashedWith(`-${hidden}`)])
      expect(parseLicenseKey(text)).toBe(body);
  });

  test.each(quotes)('between the quotes %s and %s', (open, close) => {
    for (const text of [`${open}${key}${close}`, `${open}${symbols}${close}.`, `${open}${key}.${close}\n`])
      expect(parseLicenseKey(text)).toBe(body);
  });

  test.each(['.', ',', ';', ':', '!', '\u{3002}', '\u{FF0E}', '...', '.\r\n', '\n', '\u{A0}.'])(
    'with %j after it',
    (end) => {
      for (const text of [`${key}${end}`, `${symbols}${end}`]) expect(parseLicenseKey(text)).toBe(body);
    },
  );

  test.each([
    ['without dashes', `LL${symbols}`],
    ['without dashes and prefix', symbols],
    ['without its prefix', key.slice(3)],
    ['with another prefix', `ACME2024-${symbols}`],
    ['with another prefix and without dashes', `ACME2024${symbols}`],
    ['with its prefix in another word', `LL ${symbols}`],
    ['with only the first dash lost', key.replace('-', '')],
    ['in small letters', key.toLowerCase()],
    ['in full-width letters', fullWidth(key)],
    ['in small full-width letters without prefix', fullWidth(key.toLowerCase()).slice(3)],
    ['with O for 0, and I and l for 1', 'll-OI234-56789-abcde-fghjk-mnpqr-syqv9'.replace('I', 'l')],
    ['with a dash in front', `-${key.slice(3)}`],
    ['with two dashes for one', dashedWith('--')],
    ['in brackets', `(${key})`],
    ['in angle brackets at the end of a sentence', `<${key}>.`],
    ['as an entry of a list', `- ${key}`],
    ['as an entry of a list without its prefix', `\u{2022} ${key.slice(3)}`],
    ['in bold letters of a chat', `**${key}**`],
    ['with all of it at once', `\u{FEFF}\u{201C}${fullWidth(dashedWith('\u{2011}')).toLowerCase()}\u{AD}\u{201D}.\r\n`],
  ])('%s', (_, text) => {
    expect(parseLicenseKey(text)).toBe(body);
  });

  test('in the longest text that a request may send, and not in a longer one', () => {
    const padded = key.padEnd(licenseKeyTextMax, '\u{200B}');
    expect(parseLicenseKey(padded)).toBe(body);
    expect(parseLicenseKey(`${padded}\u{200B}`)).toBeNull();
  });
});

test('Every spelling of a key is one credential, and another text is another one', () => {
  const texts = [
    key,
    key.slice(3),
    `OTHER-${key.slice(3)}`,
    symbols,
    key.toLowerCase(),
    dashedWith('\u{2011}'),
    ` ${key}.`,
  ];
  expect([...new Set(texts.map(oneSpellingOf))]).toEqual([key.slice(3)]);
  for (const other of [key.slice(3).replace('01', '10'), 'Bearer lgr_live_x', ''])
    expect(oneSpellingOf(other)).toBe(other);
});

describe('A text is no license key', () => {
  test.each([
    ['with one symbol too few', key.slice(0, -1)],
    ['with one symbol too many at the end', `${key}0`],
    ['with one symbol too many after the prefix', key.replace('-', '-0')],
    ['with one symbol too many in front of the symbols alone', `0${symbols}`],
    ['with two symbols exchanged', key.replace('01', '10')],
    ['with a quote between its symbols', key.replace('34', '3"4')],
    ['with a dot between its symbols', key.replace('34', '3.4')],
    ['with a letter of another script', key.replace('A', '\u{410}')],
    ['with a long word in front and no dash', `MYLICENSEKEY${symbols}`],
    ['of invisible characters only', '\u{200B}'.repeat(30)],
    ['of dashes only', '-'.repeat(licenseKeyTextMax)],
  ])('%s', (_, text) => {
    expect(parseLicenseKey(text)).toBeNull();
  });

  test('when any one of its symbols is left out or doubled', () => {
    const text = formatLicenseKey('LL', body);
    for (let at = 3; at < text.length; at += 1) {
      if (text[at] === '-') continue;
      expect(parseLicenseKey(text.slice(0, at) + text.slice(at + 1))).toBeNull();
      expect(parseLicenseKey(text.slice(0, at) + text[at] + text.slice(at))).toBeNull();
    }
  });
});

describe('The Authorization header', () => {
  const headerOf = (text: string, encoding: BufferEncoding) =>
    Buffer.from(`License ${text}`, encoding).toString('latin1');

  test.each([
    ['plain', key, 'utf8'],
    ['with dashes in UTF-8', dashedWith('\u{2011}'), 'utf8'],
    ['in full-width letters in UTF-8', fullWidth(key), 'utf8'],
    ['with quotes in UTF-8', `\u{201C}${key}\u{201D}`, 'utf8'],
    ['with soft hyphens in Latin-1', dashedWith('\u{AD}-'), 'latin1'],
    ['with hard spaces in Latin-1', dashedWith('\u{A0}'), 'latin1'],
  ] as const)('has a license key %s', (_, text, encoding) => {
    const credential = credentialIn({ authorization: headerOf(text, encoding) }, 'license');
    expect(parseLicenseKey(credential ?? '')).toBe(body);
  });
});

describe('Over HTTP', () => {
  test('a pasted license key is the same license in the body and in the header', async () => {
    const ledger = await shareLedger();
    const { licenseId, licenseKey } = await ledger.issue();
    const pasted = ` \u{201C}${licenseKey.replaceAll('-', '\u{2011}\u{200B}')}\u{201D}.\n`;
    const header = Buffer.from(pasted.trim(), 'utf8').toString('latin1');
    const answers = [
      await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey: pasted } }),
      await ledger.call('POST', '/v1/licenses/validate', { body: {}, headers: { authorization: `License ${header}` } }),
    ];
    for (const answer of answers) expect(answer.body).toMatchObject({ valid: true, license: { id: licenseId } });
    const client = createClient({ baseUrl: ledger.baseUrl, credentials: { kind: 'licenseKey', licenseKey: pasted } });
    const { data } = await client.call('validateLicense', { body: {} });
    expect(data).toMatchObject({ valid: true, license: { id: licenseId } });
  });
});
