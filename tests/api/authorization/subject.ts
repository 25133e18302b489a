import type { Fields, Ledger, TestOrganization } from '../../support/ledger.ts';
import type { Credential } from './credentials.ts';
import type { Side } from './verdict.ts';

/** The organization of the tested credentials, and the objects that a valid request to it needs. */
export type Subject = {
  readonly ledger: Ledger;
  readonly organization: TestOrganization;
  readonly side: Side;
  /** A license on this side, with its key, and what is given on top when it is issued. */
  readonly license: (fields?: object) => Promise<{ readonly licenseId: string; readonly licenseKey: string }>;
  /** A license that an issuer of its own offers to the organization. */
  readonly offered: () => Promise<{ readonly licenseId: string; readonly issuerOrgId: string }>;
  /** Sends a request that must succeed as the side's issuer; answers with its body. */
  readonly prepare: (method: string, path: string, body?: object) => Promise<Fields>;
};

/** A request that is good in all but, perhaps, who sends it. `authorization`: in place of the credential's own. */
export type Made = {
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string;
};

/** Creates a valid request for an organization and a sender. */
export type MakeRequest = (subject: Subject, caller: Credential) => Made | Promise<Made>;

/** The organization on one side of its licenses: those it has issued, or those that `issuer` has issued to it. */
export const subjectOn = (
  ledger: Ledger,
  { organization, issuer, side }: { organization: TestOrganization; issuer: TestOrganization; side: Side },
): Subject => {
  const by = side === 'own' ? organization : issuer;
  const holder = side === 'own' ? {} : { holderOrganizationId: organization.organizationId };
  return {
    ledger,
    organization,
    side,
    license: async (fields = {}) => {
      const issued = await ledger.issue({ ...holder, ...fields }, by);
      await untilReadable(ledger, issued.answer.headers);
      return issued;
    },
    offered: async () => {
      const { apiKey: key, organizationId: issuerOrgId } = await ledger.createVendor('Offering');
      const body = { tier: 'PRO', products: ['local_cli'], holderOrganizationId: organization.organizationId };
      const answer = await ledger.call('POST', '/v1/licenses', { key, body });
      return { licenseId: String(answer.body.license?.id), issuerOrgId };
    },
    prepare: async (method, path, body) => {
      const answer = await ledger.call(method, path, { key: by.apiKey, body });
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.text}`);
      await untilReadable(ledger, answer.headers);
      return answer.body;
    },
  };
};

/** Waits for the rows of an answer that came before them, as it does on a busy machine. */
const untilReadable = async ({ projected }: Ledger, headers: Headers): Promise<void> => {
  if (headers.get('ledger-projected') === 'false')
    await projected.waitFor(BigInt(headers.get('ledger-position') ?? 0), 30_000);
};

/** The same, but that everything is made once and given again: for those who are to be refused. */
export const onceOnly = (subject: Subject): Subject => {
  const made = new Map<string, Promise<{ readonly licenseId: string; readonly licenseKey: string }>>();
  const done = new Map<string, Promise<Fields>>();
  const once = <Value>(
    known: Map<string, Promise<Value>>,
    name: string,
    make: () => Promise<Value>,
  ): Promise<Value> => {
    const value = known.get(name) ?? make();
    known.set(name, value);
    return value;
  };
  let offered: ReturnType<Subject['offered']> | undefined;
  return {
    ...subject,
    offered: () => (offered ??= subject.offered()),
    license: (fields = {}) => once(made, JSON.stringify(fields), () => subject.license(fields)),
    prepare: (method, path, body) =>
      once(done, JSON.stringify([method, path, body]), () => subject.prepare(method, path, body)),
  };
};
