import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Redis } from 'ioredis';
import type { Config } from '../../config.ts';
import { errorText } from '../../embedded/errors.ts';
import type { RedisFacts, SettingsFacts } from './check-settings.ts';

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

const redisTimeoutMs = 3_000;

/** Reads the settings of Redis. Returns null without a URL. Does not throw. */
export const readRedis = async (url: string | null): Promise<RedisFacts | null> => {
  if (url === null) return null;
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: redisTimeoutMs,
    commandTimeout: redisTimeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The call that fails tells only that the connection is closed.
  let lost: unknown = null;
  redis.on('error', (error) => {
    lost = error;
  });
  try {
    await redis.connect();
    const policy = await settingOf(redis, 'maxmemory-policy');
    const [appendOnly, save] = [await settingOf(redis, 'appendonly'), await settingOf(redis, 'save')];
    const isPersistent = appendOnly === null || save === null ? null : appendOnly === 'yes' || save !== '';
    return { error: null, policy, isPersistent };
  } catch (error) {
    return { error: `${errorText(lost ?? error).replace(/\.$/, '')}.`, policy: null, isPersistent: null };
  } finally {
    redis.disconnect();
  }
};

// A hosted Redis may refuse to tell its settings.
const settingOf = async (redis: Redis, name: string): Promise<string | null> => {
  try {
    const answer: unknown = await redis.config('GET', name);
    return Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : null;
  } catch {
    return null;
  }
};
