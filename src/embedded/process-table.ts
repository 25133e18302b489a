import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from './errors.ts';

/** True when this process id is taken, be it by a process that has ended and that nobody has collected. */
export const isTaken = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
};

/** True when a process of this id runs, whoever it belongs to. */
export const isAlive = (pid: number): boolean => isTaken(pid) && !/^[ZX]/.test(statOf(pid)?.[0] ?? '');

/**
 * A text that two processes with the same id do not share, or undefined where the system does not tell: the boot it
 * belongs to and the clock tick at which it began.
 */
export const birthOf = (pid: number): string | undefined => {
  if (process.platform === 'darwin') return startTime(pid);
  const started = statOf(pid)?.[19];
  return started && `${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${started}`;
};

/** The fields from the third, the state, on. The second is a name that may itself hold spaces and parentheses. */
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

/** The processes of a Postgres that works in this data directory: the postmaster and its children. */
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

/** Every Postgres process makes the data directory its working directory; that link is hidden for other users' ones. */
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
