import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import classes from './part.module.css';

/** A part of a screen with its heading. */
export const Part = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => {
  const id = useId();
  return (
    <section className={classes.part} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
};

/** Names with their values. A fact without a value is left out. */
export const Facts = ({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className={classes.facts}>
    {facts
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

/**
 * A table within a part. The first cell of a row names the row. `isStacked`: in a narrow window each row is a block, where
 * the cells show their `data-label` in place of the heading.
 */
export const PartTable = ({
  caption,
  columns,
  isStacked = false,
  children,
}: {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly isStacked?: boolean;
  readonly children: ReactNode;
}) => {
  const { frame, isScrolling } = useScrolling();
  return (
    // A keyboard scrolls only what has the focus.
    <div
      ref={frame}
      className={classes.frame}
      data-stacked={isStacked}
      {...(isScrolling ? { tabIndex: 0, role: 'group', 'aria-label': caption } : {})}
    >
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
};

/** Tells whether an element is narrower than its content. */
const useScrolling = () => {
  const frame = useRef<HTMLDivElement>(null);
  const [isScrolling, setScrolling] = useState(false);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setScrolling(element.scrollWidth > element.clientWidth));
    for (const observed of [element, ...element.children]) observer.observe(observed);
    return () => observer.disconnect();
  }, []);
  return { frame, isScrolling };
};
