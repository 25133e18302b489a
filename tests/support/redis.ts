import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../src/embedded/free-port.ts';

/** A Redis of this test alone, which it may pause, resume and kill. */
export type TestRedis = {
  readonly url: string;
  readonly process: ChildProcess;
  /** Starts it again, empty, where it was. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Whether there is a redis-server to start here. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** Starts the machine's redis-server, which keeps nothing on disk. */
export const startRedis = async (): Promise<TestRedis> => {
  const port = await freePort();
  let child = await started(port);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    get process() {
      return child;
    },
    restart: async () => {
      await stop();
      child = await started(port);
    },
    stop,
  };
};

const started = async (port: number): Promise<ChildProcess> => {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (said.includes('Ready to accept connections')) break;
  }
  if (!said.includes('Ready to accept connections')) throw new Error(`redis-server did not start:\n${said}`);
  child.stdout.resume();
  return child;
};
