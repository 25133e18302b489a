import { Link } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type Ref, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { StatusBadge } from '../../parts/badge.tsx';
import { Moment } from '../../parts/moment.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import type { Names } from '../../session/name-batches.ts';
import { texts } from '../../texts/catalogue.ts';
import { usedText } from '../../texts/license-texts.ts';
import { listTexts } from '../../texts/list-texts.ts';
import type { License } from '../../types.ts';
import classes from './licenses.module.css';
import type { ColumnName } from './stored-choices.ts';
import { partsOf, rangeWith } from './virtual-rows.ts';

const usualHeight = 57;
const overscan = 12;
/** From how many rows before the last one on the next page is loaded. */
const nearEnd = 30;

type Shown = {
  readonly licenses: readonly License[];
  readonly holderNames: Names;
  readonly columns: readonly ColumnName[];
  /** True: there are no further licenses. */
  readonly isComplete: boolean;
  readonly onNearEnd: () => void;
};

/** The licenses as rows. Only those in the window are rendered. */
export const LicenseTable = ({ licenses, holderNames, columns, isComplete, onNearEnd }: Shown) => {
  const body = useRef<HTMLTableSectionElement>(null);
  const [focused, setFocused] = useState<number | null>(null);
  const [top, setTop] = useState(0);
  const rows = useWindowVirtualizer({
    count: licenses.length,
    estimateSize: () => usualHeight,
    getItemKey: (index) => licenses[index]?.id ?? index,
    overscan,
    scrollMargin: top,
    rangeExtractor: rangeWith(focused),
    useFlushSync: false,
  });
  const items = rows.getVirtualItems();
  // What is above the table changes its height with the filters.
  useLayoutEffect(() => {
    const place = body.current?.getBoundingClientRect();
    if (place !== undefined) setTop(Math.round(place.top + window.scrollY));
  });
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= licenses.length - nearEnd) onNearEnd();
  });
  return (
    <div className={classes.frame}>
      <table aria-rowcount={isComplete ? licenses.length + 1 : -1}>
        <caption>{listTexts.caption}</caption>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">{listTexts.columns.license}</th>
            {columns.map((name) => (
              <th key={name} scope="col" className={classes[name]}>
                {listTexts.columns[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onBlur={() => setFocused(null)}>
          {partsOf(items, rows.getTotalSize(), top).map((part) => {
            if ('gap' in part) return <Gap key={`gap ${part.before}`} height={part.gap} columns={columns.length + 1} />;
            const license = licenses[part.row];
            return (
              license !== undefined && (
                <Row
                  key={license.id}
                  ref={rows.measureElement}
                  license={license}
                  holderNames={holderNames}
                  columns={columns}
                  index={part.row}
                  onFocus={() => setFocused(part.row)}
                />
              )
            );
          })}
        </tbody>
      </table>
    </div>
  );
};

/** The place of rows that are not rendered. */
const Gap = ({ height, columns }: { readonly height: number; readonly columns: number }) => (
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus.
  <tr aria-hidden="true" className={classes.gap}>
    <td colSpan={columns} height={height} />
  </tr>
);

const Row = ({
  license,
  holderNames,
  columns,
  index,
  onFocus,
  ref,
}: {
  readonly license: License;
  readonly holderNames: Names;
  readonly columns: readonly ColumnName[];
  readonly index: number;
  readonly onFocus: () => void;
  readonly ref: Ref<HTMLTableRowElement>;
}) => {
  const organizationId = useOrganizationId();
  const { id, keyHint, externalRef } = license;
  return (
    <tr ref={ref} data-index={index} aria-rowindex={index + 2} onFocus={onFocus}>
      <td>
        <Link
          className={classes.key}
          to="/$organizationId/licenses/$licenseId"
          params={{ organizationId, licenseId: id }}
        >
          {keyHint ?? id}
        </Link>
        {externalRef !== null && <div className={classes.under}>{externalRef}</div>}
      </td>
      {columns.map((name) => (
        <td key={name} className={`${classes.more} ${classes[name]}`}>
          {cells[name](license, holderNames)}
        </td>
      ))}
    </tr>
  );
};

const cells: Readonly<Record<ColumnName, (license: License, holderNames: Names) => ReactNode>> = {
  status: ({ effectiveStatus }) => <StatusBadge status={effectiveStatus} />,
  customer: ({ holderOrganizationId: holder }, holderNames) =>
    holder === null ? null : (holderNames.get(holder) ?? holder),
  tier: ({ tier }) => texts.tier[tier],
  products: ({ products }) => products.join(', '),
  devices: ({ usage, limits }) => usedText(usage.activations, limits.activations),
  seats: ({ usage, limits }) => usedText(usage.seats, limits.seats),
  ends: ({ term }) => (term.expiresAt === null ? texts.term.perpetual : <Moment isDay at={term.expiresAt} />),
  issued: ({ createdAt }) => <Moment isDay at={createdAt} />,
};
