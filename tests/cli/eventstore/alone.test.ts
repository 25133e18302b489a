import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { accessOfStore } from '../../../src/cli/eventstore/store-access-of.ts';
import { serveHealth } from '../../../src/cli/eventstore/store-health.ts';
import { loadConfig } from '../../../src/config.ts';
import { nameIn } from '../../../src/embedded/certificates/given-certificate.ts';
import { makeCertificates } from '../../../src/embedded/certificates/make-certificates.ts';
import { type EventStoreServer, startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { DatabaseTaken } from '../../../src/embedded/eventstore/writer-connection.ts';
import { createDatabase } from '../../support/database.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const startOn = async (databaseUrl: string, taking = {}): Promise<EventStoreServer> => {
  const server = await startEventStore({ access: 'INSECURE', databaseUrl, port: 0, taking });
  onTestFinished(() => server.stop());
  return server;
};

test('A second store on a database is refused, or waits and takes over when the first one ends', async () => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const first = await startOn(database.url);
  await expect(startOn(database.url)).rejects.toBeInstanceOf(DatabaseTaken);
  let reportWait = () => {};
  const waiting = new Promise<void>((resolve) => {
    reportWait = resolve;
  });
  const second = startOn(database.url, { takesOver: true, onWait: reportWait });
  await waiting;
  await first.stop();
  expect((await second).port).toBeGreaterThan(0);

  const ending = new AbortController();
  const third = startOn(database.url, {
    ...{ takesOver: true, signal: ending.signal, onWait: () => ending.abort() },
  });
  await expect(third).rejects.toThrow('aborted');
});

/** Sends a target that `fetch` would refuse. Returns the answer. */
const askRaw = async (url: string, target: string): Promise<string> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return text(socket);
};

test('The health says that the process lives, and whether the store serves', async () => {
  const health = await serveHealth('127.0.0.1', 0);
  onTestFinished(health.stop);
  const ask = async (place: string, method = 'GET') => {
    const answer = await fetch(health.url + place, { method });
    return [answer.status, await answer.text()];
  };
  expect(await ask('/health/live')).toEqual([204, '']);
  expect(await ask('/health/ready')).toEqual([503, 'The event store is starting.\n']);
  health.report('READY');
  expect(await ask('/health/ready')).toEqual([204, '']);
  health.report({ why: 'It waits.' });
  expect(await ask('/health/ready')).toEqual([503, 'It waits.\n']);
  for (const place of ['/', '//', '//health/ready', '/%']) expect((await ask(place))[0]).toBe(404);
  expect(await askRaw(health.url, 'http://[')).toContain('404');
  expect(await ask('/health/live?from=balancer')).toEqual([204, '']);
  expect((await ask('/health/live', 'POST'))[0]).toBe(405);
  health.reportEnd('It ends.');
  health.report('READY');
  expect(await ask('/health/ready')).toEqual([503, 'It ends.\n']);
});

test('Files of an operator are used, and unusable ones are refused with the name of the file', async () => {
  const folder = await temporaryDirectory();
  const file = (name: string) => path.join(folder, name);
  const { server, authority } = await makeCertificates(['events.internal'], new Date());
  await writeFile(file('certificate.pem'), server.certificate);
  await writeFile(file('key.pem'), server.key);
  await writeFile(file('other.pem'), authority.key);
  await writeFile(file('ca.pem'), authority.certificate);
  const access = (key: string, certificate = 'certificate.pem', ca = 'ca.pem') =>
    accessOfStore(
      loadConfig({
        ...{ LEDGER_DATA_DIR: folder, LEDGER_EVENTSTORE_HOST: 'events.internal' },
        LEDGER_EVENTSTORE_CERT_FILE: file(certificate),
        LEDGER_EVENTSTORE_KEY_FILE: file(key),
        LEDGER_EVENTSTORE_CA_FILE: file(ca),
      }),
      () => {},
    );
  const { access: opened, urlAt } = await access('key.pem');
  expect(opened).toMatchObject({ certificate: server.certificate, key: server.key, login: { name: 'ledger' } });
  expect(urlAt(2113)).toMatch(
    new RegExp(
      `^esdb://ledger:[\\w-]{43}@events\\.internal:2113\\?tls=true&tlsCAFile=${encodeURIComponent(file('ca.pem'))}$`,
    ),
  );
  await expect(access('other.pem')).rejects.toThrow('other.pem is not that of the certificate');
  await expect(access('missing.pem')).rejects.toThrow('missing.pem cannot be read: ENOENT');
  await expect(access('certificate.pem')).rejects.toThrow('certificate.pem has no private key');
  await expect(access('key.pem', 'key.pem')).rejects.toThrow('key.pem has no certificate');
  await expect(access('key.pem', 'certificate.pem', 'key.pem')).rejects.toThrow('key.pem has no certificate');
  expect(await readFile(file('certificate.pem'), 'utf8')).toBe(server.certificate);
});

test('The URL has a name that reaches the store and that the certificate is for', async () => {
  const LEDGER_DATA_DIR = await temporaryDirectory();
  const urlWith = async (environment: Record<string, string>) => {
    const { urlAt } = await accessOfStore(loadConfig({ LEDGER_DATA_DIR, ...environment }), () => {});
    return /@(.*)\?/.exec(urlAt(2113))?.[1];
  };
  const host = (LEDGER_EVENTSTORE_HOST: string) => urlWith({ LEDGER_EVENTSTORE_HOST });
  expect(await host('192.168.1.5')).toBe('192.168.1.5:2113');
  // The client of the event store reads no address of IPv6.
  expect(await host('2001:db8::5')).toBe(`${hostname()}:2113`);
  expect([await host('0.0.0.0'), await host('127.0.0.1')]).toEqual(['localhost:2113', 'localhost:2113']);
  expect(await host('127.0.0.2')).toBe('127.0.0.2:2113');
  expect(await host(hostname())).toBe(`${hostname()}:2113`);
  const names = { LEDGER_EVENTSTORE_HOST: '0.0.0.0', LEDGER_EVENTSTORE_NAMES: 'eventstore,10.0.0.7' };
  expect(await urlWith(names)).toBe('eventstore:2113');

  const file = (name: string) => path.join(LEDGER_DATA_DIR, name);
  const { server } = await makeCertificates(['store.example.com'], new Date());
  await writeFile(file('cert.pem'), server.certificate);
  await writeFile(file('key.pem'), server.key);
  await writeFile(file('ca.pem'), server.certificate);
  const files = {
    LEDGER_EVENTSTORE_CERT_FILE: file('cert.pem'),
    LEDGER_EVENTSTORE_KEY_FILE: file('key.pem'),
    LEDGER_EVENTSTORE_CA_FILE: path.relative('.', file('ca.pem')),
  };
  await expect(urlWith(files)).rejects.toThrow('Set LEDGER_EVENTSTORE_NAMES to a name that it is for');
  const named = { ...files, LEDGER_EVENTSTORE_NAMES: 'store.example.com' };
  expect(await urlWith(named)).toBe('store.example.com:2113');
  const advertise = (host: string) => ({ LEDGER_EVENTSTORE_ADVERTISED_ADDRESS: `${host}:443` });
  expect(await urlWith({ ...named, ...advertise('store.example.com') })).toBe('store.example.com:2113');
  await expect(urlWith({ ...named, ...advertise('proxy.example.com') })).rejects.toThrow(
    'is not for proxy.example.com',
  );
  const { urlAt } = await accessOfStore(loadConfig({ LEDGER_DATA_DIR, ...named }), () => {});
  expect(urlAt(2113)).toContain(`tlsCAFile=${encodeURIComponent(file('ca.pem'))}`);
});

test('The certificate that the store creates is for the address that clients discover', async () => {
  const LEDGER_DATA_DIR = await temporaryDirectory();
  const LEDGER_EVENTSTORE_ADVERTISED_ADDRESS = 'proxy.example.com:443';
  const config = loadConfig({ LEDGER_DATA_DIR, LEDGER_EVENTSTORE_ADVERTISED_ADDRESS });
  const { access, urlAt } = await accessOfStore(config, () => {});
  expect(nameIn(access === 'INSECURE' ? '' : access.certificate, ['proxy.example.com'])).not.toBeNull();
  expect(urlAt(2113)).toContain('@localhost:2113');
});

test('The address for clients that discover the store is a host and a port, or that on which it listens', () => {
  const advertised = (text: string) => loadConfig({ LEDGER_EVENTSTORE_ADVERTISED_ADDRESS: text }).eventStore.advertised;
  expect(loadConfig({}).eventStore.advertised).toBeNull();
  expect(advertised('store.example.com:443')).toEqual({ host: 'store.example.com', port: 443 });
  expect(advertised('10.0.0.7:65535')).toEqual({ host: '10.0.0.7', port: 65_535 });
  for (const text of [
    'store.example.com',
    ':2113',
    'store:',
    'store:0',
    'store:65536',
    'esdb://store:2113',
    '[::1]:2113',
  ])
    expect(() => advertised(text)).toThrow('LEDGER_EVENTSTORE_ADVERTISED_ADDRESS: must be a name or an IPv4 address');
});

test('The open mode must be asked for, and production refuses it', async () => {
  const LEDGER_DATA_DIR = await temporaryDirectory();
  const lines: string[] = [];
  const accessWith = (environment: Record<string, string>) =>
    accessOfStore(loadConfig({ LEDGER_DATA_DIR, ...environment }), (line) => lines.push(line));
  expect((await accessWith({})).access).not.toBe('INSECURE');
  expect(lines).toEqual([]);
  expect((await accessWith({ LEDGER_EVENTSTORE_INSECURE: 'on' })).access).toBe('INSECURE');
  expect(lines).toEqual([expect.stringContaining('everybody')]);
  const refused = (environment: Record<string, string>) => () => loadConfig(environment);
  expect(refused({ LEDGER_EVENTSTORE_INSECURE: 'on', NODE_ENV: 'production' })).toThrow('remove it when NODE_ENV');
  expect(refused({ LEDGER_EVENTSTORE_CERT_FILE: 'a.pem' })).toThrow('belong together');
  expect(refused({ LEDGER_EVENTSTORE_CA_FILE: 'a.pem' })).toThrow('belong together');
});
