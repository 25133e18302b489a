import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { errorText } from '../../embedded/errors.ts';
import type { SettingsFacts } from './check-settings.ts';

/** Reads what the configuration says, and tries the mail server. Does not throw. */
export const readSettings = async (config: Config): Promise<SettingsFacts> => ({
  config,
  hasDemo: await access(path.join(config.dataDir, 'demo.json')).then(
    () => true,
    () => false,
  ),
  mailFault: await mailFaultOf(config),
});

const mailFaultOf = async ({ mail }: Config): Promise<string | null> => {
  if (mail === null || mail.smtpUrl === null) return null;
  const { createSmtpMailer } = await import('../../mail/smtp.ts');
  const mailer = createSmtpMailer({ url: mail.smtpUrl, from: mail.from });
  try {
    await mailer.check();
    return null;
  } catch (error) {
    return errorText(error);
  } finally {
    mailer.close();
  }
};
