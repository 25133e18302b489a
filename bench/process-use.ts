import { readdirSync, readFileSync } from 'node:fs';

/** What the processes of a product use: milliseconds of processor time so far, and megabytes of memory, by part. */
export type Use = Readonly<Record<string, { readonly cpuMs: number; readonly residentMb: number }>>;

/**
 * Returns what a process and all processes below it use, by `nameOf` their command line. The processor time of a part
 * has that of its children that have ended. Memory that processes share counts once for each. Needs Linux.
 */
export const useOfTree = (root: number, nameOf: (commandLine: string) => string): Use => {
  const use: Record<string, { cpuMs: number; residentMb: number }> = {};
  for (const pid of treeOf(root)) {
    const stat = statOf(pid);
    // The process has ended meanwhile.
    if (stat === null) continue;
    const part = nameOf(textOf(pid, 'cmdline').replaceAll('\0', ' '));
    const of = use[part] ?? { cpuMs: 0, residentMb: 0 };
    of.cpuMs += stat.ticks * msPerTick;
    of.residentMb += Number(/VmRSS:\s+(\d+)/.exec(textOf(pid, 'status'))?.[1] ?? 0) / 1_024;
    use[part] = of;
  }
  return use;
};

// The kernel counts processor time for programs in hundredths of a second, on every machine of today.
const msPerTick = 10;

const treeOf = (root: number): readonly number[] => {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? statOf(Number(entry)) : null;
    if (stat !== null) children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(entry)]);
  }
  const tree = [root];
  for (let place = 0; place < tree.length; place++) tree.push(...(children.get(tree[place] ?? 0) ?? []));
  return tree;
};

const statOf = (pid: number): { readonly parent: number; readonly ticks: number } | null => {
  const stat = textOf(pid, 'stat');
  if (stat === '') return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((place) => Number(fields[place]));
  // Children of Postgres that have ended count for it. A launcher has children of its own that still count.
  const ended = (childUser ?? 0) + (childSystem ?? 0);
  return { parent: parent ?? 0, ticks: (user ?? 0) + (system ?? 0) + ended };
};

// A process may end during the read.
const textOf = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};
