/** How far a command is. `part` is null in a phase that has no measure of its end. */
export type Step = {
  readonly phase: string;
  readonly events: number;
  readonly part: number | null;
  /** What is counted. Default: events. */
  readonly unit?: string;
};

/** Shows how far a command is, on standard error: one line that is rewritten on a terminal, else a line now and then. */
export type Progress = {
  readonly show: (step: Step) => void;
  /** Clears the line. May be called several times. */
  readonly end: () => void;
};

/** Returns a display of progress. It shows nothing in the first two seconds, so that a quick command prints only its result. */
export const createProgress = (output: Output = process.stderr, nowMs: () => number = Date.now): Progress => {
  const everyMs = output.isTTY ? rewriteEveryMs : lineEveryMs;
  const startedMs = nowMs();
  let shownMs = 0;
  let shownPhase: string | null = null;
  let phase: Phase = { name: null, startedMs, events: 0 };
  return {
    show: (step) => {
      const atMs = nowMs();
      if (step.phase !== phase.name) phase = { name: step.phase, startedMs: atMs, events: step.events };
      if (atMs - startedMs < silentMs || (atMs - shownMs < everyMs && step.phase === shownPhase)) return;
      shownMs = atMs;
      shownPhase = step.phase;
      const line = lineOf(step, phase, atMs);
      output.write(output.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
    },
    end: () => {
      if (output.isTTY && shownPhase !== null) output.write('\r\u001b[K');
      shownPhase = null;
    },
  };
};

/** Returns the part of a log up to `position` as a number from 0 to 1. */
export const partOfLog = (position: bigint, head: bigint): number =>
  head <= 0n ? 1 : Math.min(1, Number(position) / Number(head));

type Output = { readonly isTTY?: boolean; readonly write: (text: string) => boolean };

/** The phase that runs, with its start and how many events had been counted before it. */
type Phase = { readonly name: string | null; readonly startedMs: number; readonly events: number };

const silentMs = 2_000;
const rewriteEveryMs = 100;
const lineEveryMs = 10_000;
const barWidth = 30;

const lineOf = ({ phase: name, events, part, unit = 'events' }: Step, phase: Phase, nowMs: number): string => {
  const label = name.padEnd(9);
  const count = `${events.toLocaleString('en-US')} ${unit}`;
  if (part === null) return `${label} ${count}`;
  const full = Math.round(part * barWidth);
  const bar = `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${`${Math.floor(part * 100)}`.padStart(3)} %`;
  const seconds = (nowMs - phase.startedMs) / 1_000;
  const rate = seconds > 0 ? Math.round((events - phase.events) / seconds) : 0;
  const left = part >= estimatedFrom && part < 1 ? `, ${durationText((seconds * (1 - part)) / part)} left` : '';
  return `${label} ${bar}  ${count}, ${rate.toLocaleString('en-US')} a second${left}`;
};

// Before that an estimate would jump.
const estimatedFrom = 0.02;

const durationText = (seconds: number): string => {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
};
