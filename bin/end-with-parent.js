import { readFileSync } from 'node:fs';

const everyMs = 500;

/**
 * Calls `onGone` once after the parent has ended, when the parent is npm or has opened a channel. npm passes on only
 * SIGINT and SIGTERM, and nothing when it is killed. Other parents may end, such as the shell that started a process in
 * the background. An npm script that does so, such as `nohup ledger start &`, is such a parent, too.
 */
export const endWithParent = (onGone) => {
  // Undefined without a channel, and false when it has closed before this line.
  if (process.connected !== undefined) {
    process.on('disconnect', onGone);
    process.channel?.unref();
    if (!process.connected) onGone();
    return;
  }
  const script = process.env.npm_lifecycle_script ?? '';
  if (!/ledger/.test(script) || runsInBackground(script)) return;
  const parent = process.ppid;
  // `npx ledger` leaves a shell between npm and this process.
  const npm = shells.test(textOf(`/proc/${parent}/comm`)) ? parentOf(parent) : undefined;
  const isGone = () => process.ppid !== parent || (npm !== undefined && parentOf(parent) !== npm);
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    onGone();
  }, everyMs);
  timer.unref();
};

/** Returns true for a script of npm that starts a process which is to outlive npm. */
export const runsInBackground = (script) =>
  // A single & before a space or the end that is no part of &&, |& or <&, outside of quotation marks.
  /\b(nohup|setsid|disown)\b|(?<![&<>|])&(?=\s|$)/.test(script.replaceAll(/'[^']*'|"[^"]*"/g, ''));

const shells = /^(sh|ash|dash|bash|busybox|ksh|zsh)$/m;

/** Returns the id of the parent of a process, or undefined where the system has no /proc. */
const parentOf = (pid) => {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat === '' ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
};

const textOf = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
