import { type ReactNode, useId } from 'react';
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
}) => (
  <div className={classes.frame} data-stacked={isStacked}>
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
