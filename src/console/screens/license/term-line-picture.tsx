import { useState } from 'react';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { License } from '../../types.ts';
import classes from './term-line.module.css';
import { type Bar, type Mark, termLineOf } from './term-line.ts';

const names = changeTexts.line;

/** The term of a license on a line, with its grace, its announced changes and the instant that the page shows. */
export const TermLinePicture = ({ license, at }: { readonly license: License; readonly at: string | null }) => {
  const [now] = useState(() => new Date().toISOString());
  const line = termLineOf(license, at ?? now);
  if (line === null) return null;
  const has = (kind: Bar['kind'] | Mark['kind']) => [...line.bars, ...line.marks].some((each) => each.kind === kind);
  return (
    <figure className={classes.figure}>
      <svg className={classes.line} width="100%" height="36" role="img" aria-label={line.label}>
        <line x1="0" x2="100%" y1="18" y2="18" className={classes.base} />
        {line.bars.map(({ kind, from, to }) => (
          <rect
            key={kind}
            className={classes[kind]}
            x={`${from}%`}
            width={`${Math.max(to - from, 0.5)}%`}
            y="12"
            height="12"
            rx="3"
          />
        ))}
        {line.marks.map(({ kind, at: place, label }) =>
          kind === 'announced' ? (
            <circle key={label} className={classes.announced} cx={`${place}%`} cy="18" r="6">
              <title>{label}</title>
            </circle>
          ) : (
            <line key={label} className={classes[kind]} x1={`${place}%`} x2={`${place}%`} y1="3" y2="33">
              <title>{label}</title>
            </line>
          ),
        )}
      </svg>
      <figcaption className={classes.legend}>
        {(['term', 'grace', 'maintenance', 'announced', 'now'] as const).filter(has).map((kind) => (
          <span key={kind} className={classes.entry}>
            <svg width="20" height="14" aria-hidden="true">
              <LegendSymbol kind={kind} />
            </svg>
            {names.kinds[kind]}
          </span>
        ))}
      </figcaption>
    </figure>
  );
};

const LegendSymbol = ({ kind }: { readonly kind: Bar['kind'] | Mark['kind'] }) => {
  if (kind === 'announced') return <circle className={classes.announced} cx="10" cy="7" r="5" />;
  if (kind === 'now' || kind === 'maintenance')
    return <line className={classes[kind]} x1="10" x2="10" y1="0" y2="14" />;
  return <rect className={classes[kind]} x="0" y="2" width="20" height="10" rx="3" />;
};
