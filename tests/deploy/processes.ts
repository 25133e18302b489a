import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../src/embedded/free-port.ts';
import { condition } from '../support/product.ts';
import { readImage, type Service } from './compose-file.ts';

/** A process that a service names, started on this machine. */
export type ServiceProcess = {
  readonly name: string;
  readonly url: string;
  readonly managementUrl: string;
  /** Runs the health check of the image. Returns its exit code. */
  checkHealth(): Promise<number>;
  /** Sends SIGTERM, as `docker stop` does. Returns the exit code. */
  stop(): Promise<number | string>;
  output(): string;
};

/** Where the paths of a container are on this machine. Longer ones come first. */
export type Mounts = readonly (readonly [inContainer: string, here: string])[];

const image = readImage();

const moved = (text: string, mounts: Mounts): string =>
  mounts.reduce((result, [inContainer, here]) => result.replaceAll(inContainer, here), text);

/** Replaces names of servers in a file, such as `@postgres:5432`, by addresses on this machine. */
export const replaceIn = (file: string, replacements: readonly (readonly [from: string, to: string])[]): void =>
  writeFileSync(file, moved(readFileSync(file, 'utf8'), replacements));

/** Runs a command to its end. Returns its exit code and what it printed. */
export const run = async (command: readonly string[], env: Readonly<Record<string, string>>) => {
  const [program = '', ...args] = command;
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code, signal] = await once(child, 'close');
  return { code: code ?? signal, output };
};

/** The environment of a service in its container, with paths of this machine. Nothing of this process is in it. */
export const environmentOf = (service: Service, mounts: Mounts, servers: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env.PATH ?? '',
  ...Object.fromEntries(
    Object.entries({ ...image.environment, ...service.environment, ...servers }).map(([name, value]) => [
      name,
      moved(String(value), mounts),
    ]),
  ),
});

/** Starts the process of a service with its command and environment, on ports of its own, and waits until it is ready. */
export const startService = async (
  [name, service]: readonly [string, Service],
  environment: Readonly<Record<string, string>>,
): Promise<ServiceProcess> => {
  const [port, managementPort] = [await freePort(), await freePort()];
  const env = { ...environment, PORT: String(port), MANAGEMENT_PORT: String(managementPort) };
  const [, launcher = ''] = image.entrypoint;
  const program = path.join(process.cwd(), 'bin', path.basename(launcher));
  const child = spawn(process.execPath, [program, ...(service.command ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  await condition(`${name} is ready`, () => hasEnded || output.includes('is ready'), 60_000);
  if (hasEnded) throw new Error(`${name} ended: ${output}`);
  const healthCommand = image.healthCommand.map((word) => word.replace('8081', String(managementPort)));
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    managementUrl: `http://127.0.0.1:${managementPort}`,
    checkHealth: async () => (await run(healthCommand, env)).code,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    output: () => output,
  };
};

/** Starts the service `redis` with its own script and health check, on a port of its own. */
export const startRedisOf = async ({ command, healthcheck }: Service, mounts: Mounts) => {
  const port = await freePort();
  const script = moved(command?.[0] ?? '', mounts)
    .replaceAll('$$', '$')
    .replace('docker-entrypoint.sh redis-server', 'redis-server')
    .replace(/redis\.conf$/, `redis.conf --port ${port} --bind 127.0.0.1 --dir ${mounts.at(-1)?.[1]}`);
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  await condition('redis is ready', () => output.includes('Ready to accept connections'));
  const health = moved(healthcheck?.test?.[1] ?? '', mounts)
    .replaceAll('$$', '$')
    .replace('redis-cli', `redis-cli -p ${port}`);
  return {
    port,
    checkHealth: async () => (await run(['sh', '-c', health], { PATH: process.env.PATH ?? '' })).code,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};
