/**
 * Stores the device token of each account, by its e-mail address in lower case. A Map is one. Keep the tokens on the
 * device, so that logins keep working while others try passwords.
 */
export type DeviceTokens = {
  readonly get: (email: string) => string | undefined | Promise<string | undefined>;
  readonly set: (email: string, deviceToken: string) => unknown;
};

/** Returns the input of a login with the stored token of its account, unless it has one. */
export const withDeviceToken = async (
  tokens: DeviceTokens,
  input: { readonly body?: unknown },
): Promise<{ readonly body?: unknown }> => {
  const { body } = input;
  if (!isObject(body) || typeof body.email !== 'string' || body.deviceToken !== undefined) return input;
  const deviceToken = await tokens.get(body.email.toLowerCase());
  return deviceToken === undefined ? input : { ...input, body: { ...body, deviceToken } };
};

/** Stores the device token of an answer that has one. */
export const storeDeviceToken = async (tokens: DeviceTokens, answer: unknown): Promise<void> => {
  if (!isObject(answer) || typeof answer.deviceToken !== 'string' || !isObject(answer.user)) return;
  await tokens.set(String(answer.user.email).toLowerCase(), answer.deviceToken);
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
