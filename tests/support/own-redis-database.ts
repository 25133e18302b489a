import { Redis } from 'ioredis';

/** An empty database of a Redis that the run shares with others. `url` names its number. */
export type OwnRedisDatabase = { readonly url: string; readonly drop: () => Promise<void> };

/**
 * Takes an empty database of the Redis at `url` for this test. `drop` empties this database only. Throws when databases
 * 1 to 15 all have keys.
 */
export const takeRedisDatabase = async (url: string): Promise<OwnRedisDatabase> => {
  for (let number = 1; number <= 15; number += 1) {
    const own = new URL(url);
    own.pathname = `/${number}`;
    const redis = new Redis(own.href, { lazyConnect: true });
    await redis.connect();
    // Another run may look at the same moment: only one of them sets the mark.
    const isOwn = (await redis.dbsize()) === 0 && (await redis.setnx(mark, process.pid)) === 1;
    if (!isOwn) {
      redis.disconnect();
      continue;
    }
    return {
      url: own.href,
      drop: async () => {
        await redis.flushdb();
        redis.disconnect();
      },
    };
  }
  throw new Error('TEST_REDIS_URL: the databases 1 to 15 have keys. Empty one of them, or name another Redis.');
};

const mark = 'ledger-tests:taken';
