import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from './errors.ts';

/** Returns true when a process has this id. It may be a zombie, which has ended but still has its id. */
export const isTaken = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
};

/** Returns true when a process with this id runs. It may belong to any user. */
export const isAlive = (pid: number): boolean => isTaken(pid) && !/^[ZX]/.test(statOf(pid)?.[0] ?? '');

/**
 * Returns a text that differs between two processes with the same id: the boot of the machine and the clock tick at
 * which the process began. Returns undefined when the system does not tell.
 */
export const birthOf = (pid: number): string | undefined => {
  if (process.platform === 'darwin') return startTime(pid);
  const started = statOf(pid)?.[19];
  return started && `${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${started}`;
};

/**
 * Returns the fields of /proc/<pid>/stat from the third, the state. The second, a name, may contain spaces and
 * parentheses.
 */
const statOf = (pid: number): string[] | undefined => {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
};

const startTime = (pid: number): string | undefined => {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } }).trim();
  } catch {
    return undefined;
  }
};

/** Returns the process ids of the Postgres that runs on this data directory: the postmaster and its children. */
export const postgresOn = async (dataDir: string, postmaster: number): Promise<number[]> => {
  if (process.platform === 'linux') return processIds().filter((pid) => worksIn(pid, dataDir));
  if (!isAlive(postmaster)) return [];
  if (process.platform === 'win32') return [postmaster];
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(postmaster)]).catch(() => ({
    stdout: '',
  }));
  return stdout.includes('postgres') && stdout.includes(dataDir) ? [postmaster] : [];
};

const processIds = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/**
 * Returns true for a Postgres process that works in `dataDir`. The system hides the directory of other users'
 * processes.
 */
const worksIn = (pid: number, dataDir: string): boolean => {
  const command = (read(`/proc/${pid}/cmdline`) ?? '').split('\0');
  if (!command[0]?.includes('postgres')) return false;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dataDir;
  } catch {
    return command.includes(dataDir);
  }
};

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};
