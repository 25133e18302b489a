import type { CreatedFirst } from '../../application/bootstrap/bootstrap-first-organization.ts';
import type { Config } from '../../config.ts';
import { reachableUrl } from '../../reachable-url.ts';

type Shown = CreatedFirst & {
  readonly organization: string;
  readonly email: string;
  readonly apiKeyName: string;
  /** Null: the operator knows the password. */
  readonly generatedPassword: string | null;
};

/** Returns what `ledger init` prints: what was created, with its secrets, and the next steps. */
export const firstSteps = (config: Config, created: Shown, isJson: boolean): string => {
  const { organizationId, organization, userId, email, generatedPassword, apiKeyId, apiKeyName, apiKey, scopes } =
    created;
  const url = config.mail?.publicUrl ?? reachableUrl(config.host, config.port);
  if (isJson)
    return `${JSON.stringify(
      {
        ...{ organizationId, organization, userId, email, password: generatedPassword },
        ...{ apiKeyId, apiKeyName, apiKey, scopes, url, signupMode: config.signupMode },
      },
      null,
      2,
    )}\n`;
  const json = "-H 'content-type: application/json'";
  const lines = [
    `Created ${JSON.stringify(organization)} with an OWNER and an API key. The secrets are printed only now.`,
    '',
    `  organization  ${organizationId}`,
    `  OWNER         ${email}`,
    ...(generatedPassword === null ? [] : [`  password      ${generatedPassword}`]),
    `  API key       ${apiKey}`,
    '',
    'Next:',
    '  1. Start the server, unless it runs: ledger start',
    '  2. Create a product and issue a license:',
    `     API_KEY=${apiKey}`,
    `     curl -sS ${url}/v1/products -H "authorization: Bearer $API_KEY" ${json} -d '{"code":"my_app","name":"My app"}'`,
    `     curl -sS ${url}/v1/licenses -H "authorization: Bearer $API_KEY" ${json} -d '{"tier":"PRO","products":["my_app"]}'`,
    `  3. Sign in as ${email}, and create API keys with fewer scopes: ${url}/docs`,
    ...(config.signupMode === 'closed'
      ? ['  4. Set SIGNUP_MODE=invited to let persons with an invitation become users. Nobody else can sign up.']
      : []),
  ];
  return `${lines.join('\n')}\n`;
};
