import type { RebuildProgress } from '../projections/rebuild/rebuild.ts';

/** Shows the progress of a rebuild: a moving bar on a terminal, else a line every few seconds. */
export type Progress = {
  readonly show: (progress: RebuildProgress) => void;
  /** Clears the bar. May be called several times. */
  readonly end: () => void;
};

/** Returns a progress display. `output` is standard error, so that standard output has only the result. */
export const createProgress = (output: Output, nowMs: () => number = Date.now): Progress => {
  const everyMs = output.isTTY ? barEveryMs : lineEveryMs;
  const startedMs = nowMs();
  let shownMs = 0;
  let phase: RebuildProgress['phase'] | null = null;
  return {
    show: (progress) => {
      if (nowMs() - shownMs < everyMs && progress.phase === phase) return;
      shownMs = nowMs();
      phase = progress.phase;
      const line = lineOf(progress, (shownMs - startedMs) / 1_000);
      output.write(output.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
    },
    end: () => {
      if (output.isTTY) output.write('\r\u001b[K');
    },
  };
};

type Output = { readonly isTTY?: boolean; readonly write: (text: string) => boolean };

const barEveryMs = 100;
const lineEveryMs = 5_000;
const barWidth = 30;

const lineOf = ({ phase, events, position, head }: RebuildProgress, seconds: number): string => {
  const part = phase !== 'folding' || head === 0n ? 1 : Math.min(1, Number(position) / Number(head));
  const full = Math.round(part * barWidth);
  const bar = `${'#'.repeat(full)}${'.'.repeat(barWidth - full)}`;
  const perSecond = seconds > 0 ? Math.round(events / seconds).toLocaleString('en-US') : '0';
  const percent = `${Math.floor(part * 100)}`.padStart(3);
  const speed = phase === 'folding' ? `, ${perSecond} a second` : '';
  return `${phase.padEnd(9)} [${bar}] ${percent} %  ${events.toLocaleString('en-US')} events${speed}`;
};
