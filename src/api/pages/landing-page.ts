import type { LocalGuide, PageDemo } from './local-guide.ts';
import { escaped, page } from './shell.ts';

/**
 * Returns the page at the address of the server. With a guide it also has what only a person at the machine of the server
 * may see: the login of the demo and the address of the metrics.
 */
export const landingPage = (version: string, baseUrl: string, guide: LocalGuide | null): string => {
  const demo = guide?.demo() ?? null;
  return page('License Ledger', [
    '<h1>License Ledger</h1>',
    '<p>This is a license server: vendors issue licenses, and applications activate and validate them. Every change is an event in a log that can be verified and read again.</p>',
    '<dl>',
    row('<a href="/console">/console</a>', 'Licenses, their devices and their history, for people.'),
    row('<a href="/docs">/docs</a>', 'Every operation of the API, to read and to try.'),
    row('<a href="/problems">/problems</a>', 'Every error code, with what to do.'),
    row('<a href="/openapi.json">/openapi.json</a>', 'The description of the API for programs.'),
    row(...metrics(guide)),
    '</dl>',
    ...(demo === null ? [] : demoPart(baseUrl, demo)),
    `<p class="soft">Version ${escaped(version)}</p>`,
  ]);
};

const row = (term: string, description: string): string => `<div><dt>${term}</dt><dd>${description}</dd></div>`;

const metrics = (guide: LocalGuide | null): [string, string] => {
  if (guide === null) return ['Metrics', 'On the management port of the server, for its operator.'];
  const url = escaped(`${guide.managementUrl}/metrics`);
  return [
    `<a href="${url}">Metrics</a>`,
    `On the management port, with <code>/readyz</code> and <code>/version</code>.`,
  ];
};

const demoPart = (baseUrl: string, { email, licenseKey }: PageDemo): readonly string[] => [
  '<h2>The demo</h2>',
  '<p>This server runs on your machine with a demo organization. Only requests from this machine see this part.</p>',
  ...(email === undefined
    ? []
    : [
        '<dl>',
        row('E-mail address', `<code>${escaped(email)}</code>`),
        row('Password', 'In the file <code>demo.json</code> of the data directory.'),
        row('Sign in', 'In <a href="/docs#/Authentication/logIn">/docs</a>: POST /v1/auth/login.'),
        '</dl>',
      ]),
  '<p>Validate its license:</p>',
  `<pre>${escaped(validateCommand(baseUrl, licenseKey))}</pre>`,
];

/** Returns a shell command that validates a license of the demo. */
export const validateCommand = (baseUrl: string, licenseKey: string): string =>
  `curl -s ${baseUrl}/v1/licenses/validate -H 'content-type: application/json' -d '{"licenseKey":"${licenseKey}","product":"local_cli"}'`;
