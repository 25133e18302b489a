import { Redis } from 'ioredis';

/** Rejects with the cause when Redis does not answer, or refuses the login. */
export const pingRedis = async (url: string, answerMsMax: number): Promise<void> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: answerMsMax,
    commandTimeout: answerMsMax,
    maxRetriesPerRequest: 0,
    // The check of the client waits while Redis loads its data. Without it, PING gets that answer at once.
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  // The calls reject with "Connection is closed". The cause comes only as an event.
  let cause: unknown;
  redis.on('error', (error) => {
    cause ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw cause ?? error;
  } finally {
    redis.disconnect();
  }
};
