import { connect, createServer } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import { exitCodeOf, Unreachable } from '../../../src/cli/exit-codes.ts';
import { reachServers } from '../../../src/cli/server/reach-servers.ts';
import { InvalidConfiguration } from '../../../src/config.ts';
import { startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { freePort } from '../../../src/embedded/free-port.ts';
import { createDatabase } from '../../support/database.ts';
import { hasRedis, startRedis } from '../../support/redis.ts';

const serversAt = (databaseUrl: string, eventStoreUrl: string) => ({
  ...{ databaseUrl, apiUrl: databaseUrl, projectorUrl: databaseUrl, workerUrl: databaseUrl, eventStoreUrl },
  embedded: false,
  failed: new Promise<string>(() => {}),
  stop: async () => {},
});

/** Starts an event store on a database of its own. Returns its URL. */
const startStore = async (): Promise<string> => {
  const database = await createDatabase();
  const server = await startEventStore({ access: 'INSECURE', databaseUrl: database.url, port: 0 });
  onTestFinished(async () => {
    await server.stop();
    await database.drop();
  });
  return `esdb://127.0.0.1:${server.port}?tls=false`;
};

const closedPort = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

test('A start tries a server that does not answer again until it does, and reports its variable', async () => {
  const database = new URL(inject('postgresUrl'));
  const target = Number(database.port);
  database.port = `${await freePort()}`;
  const relay = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
  });
  onTestFinished(() => void relay.close());
  const reports: string[] = [];
  const report = (variable: string, sentence: string) => {
    reports.push(`${variable}, ${sentence}`);
    if (reports.length === 2) relay.listen(Number(database.port), '127.0.0.1');
  };
  await reachServers(serversAt(database.href, await startStore()), { forMs: 60_000, everyMs: 10, report });
  expect(reports.length).toBeGreaterThanOrEqual(2);
  expect(reports[0]).toMatch(/^DATABASE_URL, .* does not answer at 127\.0\.0\.1:\d+: .*tries again for \d+ seconds/);
});

test('A start gives up with exit code 4 when a server never answers', async () => {
  const reports: string[] = [];
  const store = `esdb://admin:changeit@${await closedPort()}?tls=false`;
  const patience = { forMs: 50, everyMs: 10, report: (_: string, sentence: string) => reports.push(sentence) };
  const error = await reachServers(serversAt(inject('postgresUrl'), store), patience).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(Unreachable);
  expect(exitCodeOf(error)).toBe(4);
  expect(error.message).toMatch(
    /^EVENTSTORE_URL: The event store does not answer at 127\.0\.0\.1:\d+: .*It was tried for/,
  );
  expect([...reports, error.message].join()).not.toContain('changeit');
});

test('A refused login, an unknown database and a password that is missing are not tried again', async () => {
  const store = await startStore();
  const wrong = [
    (url: URL) => Object.assign(url, { password: 'not-this-one' }),
    (url: URL) => Object.assign(url, { password: '' }),
    (url: URL) => Object.assign(url, { pathname: '/unknown' }),
  ];
  for (const change of wrong) {
    const reports: string[] = [];
    const url = change(new URL(inject('postgresUrl'))).href;
    const patience = { forMs: 60_000, everyMs: 10, report: (_: string, sentence: string) => reports.push(sentence) };
    const error = await reachServers(serversAt(url, store), patience).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(InvalidConfiguration);
    expect(error.message).toMatch(/^DATABASE_URL: Postgres at 127\.0\.0\.1:\d+ refuses the connection: /);
    expect(error.message).not.toContain('not-this-one');
    expect(reports).toEqual([]);
  }
});

test('A start that waits for a server ends when it is stopped', async () => {
  const stopping = new AbortController();
  const servers = serversAt(`postgres://ledger@${await closedPort()}/ledger`, await startStore());
  const patience = { forMs: 60_000, everyMs: 60_000 / 2, signal: stopping.signal, report: () => stopping.abort() };
  await expect(reachServers(servers, patience)).rejects.toThrow('aborted');
});

test('A caller that needs Redis waits for it, also with embedded servers, and learns its variable', async () => {
  const servers = { ...serversAt('postgres://127.0.0.1:1/none', 'esdb://127.0.0.1:1'), embedded: true };
  const reports: string[] = [];
  const report = (variable: string, sentence: string) => reports.push(`${variable}, ${sentence}`);
  const redisUrl = `redis://:changeit@${await closedPort()}`;
  const error = await reachServers(servers, { forMs: 50, everyMs: 10, report }, { redisUrl }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(Unreachable);
  expect(error.message).toMatch(/^REDIS_URL: Redis does not answer at 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  expect([...reports, error.message].join()).not.toContain('changeit');
  await reachServers(servers, { forMs: 0, everyMs: 0, report });
});

test('A start waits for a Redis that is loading its data, and says so', async () => {
  let loadingAnswers = 3;
  const loading = '-LOADING Redis is loading the dataset in memory\r\n';
  const info = 'loading:1\r\nloading_eta_seconds:60\r\n';
  const answerTo = (command: string): string => {
    if (command === 'INFO' && loadingAnswers > 0) return `$${info.length}\r\n${info}\r\n`;
    if (command !== 'PING') return '+OK\r\n';
    loadingAnswers -= 1;
    return loadingAnswers >= 0 ? loading : '+PONG\r\n';
  };
  // A request is an array of strings. Its first string is the command.
  const redis = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const commands = [...`${data}`.matchAll(/\*\d+\r\n\$\d+\r\n([^\r]+)\r\n/g)];
      socket.write(commands.map(([, command = '']) => answerTo(command.toUpperCase())).join(''));
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => redis.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void redis.close());
  const reports: string[] = [];
  const patience = { forMs: 60_000, everyMs: 10, report: (_: string, sentence: string) => reports.push(sentence) };
  const servers = { ...serversAt('', ''), embedded: true };
  await reachServers(servers, patience, { redisUrl: `redis://127.0.0.1:${port}` });
  expect(reports).toHaveLength(3);
  for (const report of reports)
    expect(report).toMatch(/^REDIS_URL: Redis does not answer .*: LOADING Redis is loading/);
});

test.runIf(hasRedis)('A Redis that refuses the password is not tried again', async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const servers = { ...serversAt('', ''), embedded: true };
  const patience = { forMs: 60_000, everyMs: 10, report: () => {} };
  await reachServers(servers, patience, { redisUrl: redis.url });
  const refused = redis.url.replace('//', '//someone:changeit@');
  const error = await reachServers(servers, patience, { redisUrl: refused }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidConfiguration);
  expect(error.message).toMatch(/^REDIS_URL: Redis at .* refuses the connection: WRONGPASS/);
});
