import { number } from '../../parts/dates.ts';
import classes from './activity.module.css';
import { labelledColumns, linesFor } from './chart-scale.ts';

const heightPx = 128;
const columnShare = 0.7;

/**
 * Columns over time. `starts`: their beginnings in milliseconds, in a zone or in that of the viewer. `label` says for screen readers what it shows; a table
 * next to it must have the numbers. Places are shares of the width, so it follows its place without a script.
 */
export const Chart = ({
  label,
  starts,
  counts,
  timeZone,
}: {
  readonly label: string;
  readonly starts: readonly number[];
  readonly counts: readonly number[];
  readonly timeZone?: string | undefined;
}) => {
  const columnOfDays = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone });
  const lines = linesFor(counts);
  const top = lines.at(-1) ?? 1;
  const widthOf = (columns: number) => `${(columns * 100) / starts.length}%`;
  const heightOf = (count: number) => (count / top) * heightPx;
  return (
    <div className={classes.chartPlace}>
      <svg className={classes.columns} width="100%" height={heightPx} role="img" aria-label={label}>
        {lines.map((line) => (
          <g key={line}>
            <line className={classes.line} x2="100%" y1={heightPx - heightOf(line)} y2={heightPx - heightOf(line)} />
            <text className={classes.count} x="-8" y={heightPx - heightOf(line)} dy="0.35em">
              {number(line)}
            </text>
          </g>
        ))}
        {labelledColumns(starts.length).map((column) => (
          <text key={column} className={classes.day} x={widthOf(column + 0.5)} y={heightPx} dy="1.5em">
            {columnOfDays.format(starts[column])}
          </text>
        ))}
        {starts.map((start, column) => {
          const count = counts[column] ?? 0;
          return (
            <g key={start} className={classes.column}>
              <rect x={widthOf(column)} width={widthOf(1)} height={heightPx} className={classes.hover} />
              <rect
                x={widthOf(column + (1 - columnShare) / 2)}
                width={widthOf(columnShare)}
                y={heightPx - heightOf(count)}
                height={heightOf(count)}
              />
              <title>{`${columnOfDays.format(start)}: ${number(count)}`}</title>
            </g>
          );
        })}
      </svg>
    </div>
  );
};
