import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config.ts';
import { faultOfDirectory } from '../../embedded/directory-check.ts';
import { errorCode, errorText } from '../../embedded/errors.ts';
import { readKeyFiles } from '../../identity/key-files.ts';
import { ownFile } from '../../own-files.ts';
import { freeBytesOf } from '../health/check-disk.ts';
import type { DirectoryFacts, FileFacts, MachineFacts, PortFacts } from './check-machine.ts';

/** Reads the facts of this machine. Creates nothing; it listens on a free port for a moment. Does not throw. */
export const readMachine = async (config: Config): Promise<MachineFacts> => {
  const { host, port, managementHost, managementPort, dataDir, jwtKeysDir } = config;
  const [requiredNode, npm, api, management, freeBytes, files, keyFaults, logDirectories] = await Promise.all([
    requiredNodeOf(),
    npmVersion(),
    portFacts('PORT', host, port),
    portFacts('MANAGEMENT_PORT', managementHost, managementPort),
    freeBytesAbove(path.resolve(dataDir)),
    secretFiles(config),
    keyFaultsOf(jwtKeysDir),
    logDirectoriesOf(config),
  ]);
  const ports = [api, management];
  const node = process.versions.node;
  return { node, requiredNode, npm, ports, dataDir, freeBytes, files, keyFaults, logDirectories };
};

const requiredNodeOf = async (): Promise<string> => {
  const text = await readFile(ownFile('package.json'), 'utf8');
  const manifest: { engines?: { node?: string } } = JSON.parse(text);
  return manifest.engines?.node ?? '*';
};

const npmVersion = async (): Promise<string | null> => {
  const isWindows = process.platform === 'win32';
  try {
    const { stdout } = await promisify(execFile)(isWindows ? 'npm.cmd' : 'npm', ['--version'], {
      timeout: 10_000,
      shell: isWindows,
    });
    return stdout.trim();
  } catch {
    return null;
  }
};

const states: Readonly<Record<string, PortFacts['state']>> = {
  EACCES: 'forbidden',
  EADDRNOTAVAIL: 'not_here',
  ENOTFOUND: 'not_here',
};

const portFacts = async (variable: PortFacts['variable'], host: string, port: number): Promise<PortFacts> => {
  if (port === 0) return { variable, host, port, state: 'free' };
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    return { variable, host, port, state: 'free' };
  } catch (error) {
    const state = states[errorCode(error) ?? ''] ?? ((await isOurs(host, port)) ? 'ours' : 'taken');
    return { variable, host, port, state };
  } finally {
    server.close();
  }
};

const anyAddress: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

const isOurs = async (host: string, port: number): Promise<boolean> => {
  const name = anyAddress[host] ?? (host.includes(':') ? `[${host}]` : host);
  try {
    const answer = await fetch(`http://${name}:${port}/version`, { signal: AbortSignal.timeout(3_000) });
    const body: unknown = await answer.json();
    return typeof body === 'object' && body !== null && 'version' in body && 'node' in body;
  } catch {
    return false;
  }
};

/** Returns the free bytes of a directory, or of the nearest one above it that exists. */
const freeBytesAbove = async (directory: string): Promise<number | null> => {
  const free = await freeBytesOf(directory);
  const parent = path.dirname(directory);
  return free === null && parent !== directory ? freeBytesAbove(parent) : free;
};

const secretFiles = async ({ dataDir, jwtKeysDir, secretFile, notary }: Config): Promise<readonly FileFacts[]> => {
  // Windows has no such modes.
  if (process.platform === 'win32') return [];
  const filesIn = async (directory: string, end: string): Promise<readonly string[]> => {
    const names = await readdir(directory).catch(() => []);
    return names.filter((name) => name.endsWith(end)).map((name) => path.join(directory, name));
  };
  const ours = [
    ...['secrets.json', 'runtime.json', 'demo.json', 'eventstore-url', 'tls/eventstore.pem'].map((name) =>
      path.join(dataDir, name),
    ),
    ...(await filesIn(jwtKeysDir, '.pem')),
    ...(await filesIn(notary.keysDir, '.key')),
  ];
  const facts = await Promise.all([
    ...ours.map((file) => fileFacts(file, true)),
    ...(secretFile === null ? [] : [fileFacts(secretFile, false)]),
  ]);
  return facts.filter((fact) => fact !== null);
};

const fileFacts = async (file: string, isOurs: boolean): Promise<FileFacts | null> => {
  try {
    return { path: file, mode: (await stat(file)).mode & 0o777, isOurs };
  } catch {
    return null;
  }
};

const logDirectoriesOf = ({
  dataDir,
  notary: { keysDir, checkpointDir },
}: Config): Promise<readonly DirectoryFacts[]> => {
  const named = { LEDGER_LOG_KEYS_DIR: keysDir, LEDGER_CHECKPOINT_DIR: checkpointDir };
  return Promise.all(
    Object.entries(named).map(async ([variable, directory]) => {
      const isDefault = path.dirname(path.resolve(directory)) === path.resolve(dataDir);
      return { variable, directory, isDefault, fault: await faultOfDirectory(directory) };
    }),
  );
};

const keyFaultsOf = async (directory: string): Promise<readonly string[]> =>
  readKeyFiles(directory).then(
    ({ faults }) => faults,
    (error: unknown) => [errorText(error)],
  );
