import { Link } from '@tanstack/react-router';
import { StatusBadge } from '../../parts/badge.tsx';
import { Moment } from '../../parts/moment.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import { customerTexts } from '../../texts/customer-texts.ts';
import { usedText } from '../../texts/license-texts.ts';
import type { License } from '../../types.ts';
import classes from './customers.module.css';

/** A license of a customer in a table, with what it uses. */
export const LicenseRow = ({ license }: { readonly license: License }) => {
  const organizationId = useOrganizationId();
  const { columns, offered } = customerTexts.customer;
  const { id, keyHint, externalRef, effectiveStatus, products, usage, limits, term, pendingHolder } = license;
  return (
    <tr>
      <th scope="row">
        <Link
          className={classes.id}
          to="/$organizationId/licenses/$licenseId"
          params={{ organizationId, licenseId: id }}
        >
          {keyHint ?? id}
        </Link>
        {externalRef !== null && <p className={classes.soft}>{externalRef}</p>}
        {pendingHolder !== null && <p className={classes.soft}>{offered}</p>}
      </th>
      <td data-label={columns.status}>
        <StatusBadge status={effectiveStatus} />
      </td>
      <td data-label={columns.products}>{products.join(', ')}</td>
      <td data-label={columns.devices}>{usedText(usage.activations, limits.activations)}</td>
      <td data-label={columns.seats}>{usedText(usage.seats, limits.seats)}</td>
      <td data-label={columns.ends}>
        {term.expiresAt === null ? texts.term.perpetual : <Moment isDay at={term.expiresAt} />}
      </td>
    </tr>
  );
};
