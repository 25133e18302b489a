import { useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { number } from '../../parts/dates.ts';
import classes from './activity.module.css';

const heightPx = 176;
const font = '12px system-ui, sans-serif';
const columnOfDays = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' });

/**
 * Columns over time. `starts`: their beginnings in milliseconds. It follows the width of its place and the colors of the
 * page. `label` says for screen readers what it shows; a table next to it must have the numbers.
 */
export const Chart = ({
  label,
  starts,
  counts,
}: {
  readonly label: string;
  readonly starts: readonly number[];
  readonly counts: readonly number[];
}) => {
  const place = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    // The colors are those of the scheme that holds now.
    const plot = new UPlot(
      optionsFor(element, isDark ? 'dark' : 'light'),
      [starts.map((start) => start / 1_000), [...counts]],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [starts, counts, isDark]);
  return <div ref={place} role="img" aria-label={label} className={classes.canvas} />;
};

const optionsFor = (element: HTMLElement, scheme: 'light' | 'dark'): UPlot.Options => {
  const style = getComputedStyle(element);
  const color = (token: string) => style.getPropertyValue(token);
  const axis = { stroke: color('--text-soft'), font, ticks: { show: false } };
  const bars = UPlot.paths.bars?.({ size: [0.75, 40] });
  return {
    class: scheme,
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(max ?? 0, 4)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        values: (_plot, ticks) => ticks.map((tick) => columnOfDays.format(tick * 1_000)),
      },
      {
        ...axis,
        grid: { stroke: color('--line'), width: 1 },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
        values: (_plot, ticks) => ticks.map((tick) => number(tick)),
      },
    ],
    series: [
      {},
      { fill: color('--accent'), width: 0, points: { show: false }, ...(bars === undefined ? {} : { paths: bars }) },
    ],
  };
};

const useIsDark = (): boolean => {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'));
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const change = () => setDark(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, [query]);
  return isDark;
};
