import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Copyable } from '../../parts/copy.tsx';
import { number } from '../../parts/dates.ts';
import { Paged } from '../../parts/paged.tsx';
import { Facts, Part, PartTable } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { useMay } from '../../session/may.ts';
import { type Pages, usePages } from '../../session/paged-list.ts';
import { useHolderName } from '../../session/use-holder-name.ts';
import { useTitle } from '../../shell/use-title.ts';
import { customerTexts } from '../../texts/customer-texts.ts';
import type { License } from '../../types.ts';
import { CustomerHistory } from './customer-history.tsx';
import classes from './customers.module.css';
import { usageOf } from './customers.ts';
import { LicenseRow } from './license-row.tsx';

const texts = customerTexts.customer;
const soonMs = 60 * 86_400_000;

/** A customer: its licenses, what it uses, what ends soon, and what happened. */
const CustomerScreen = () => {
  const { holder } = useParams({ from: '/signed-in/$organizationId/customers/$holder' });
  const organizationId = useOrganizationId();
  const may = useMay();
  const title = texts.title(useHolderName(holder) ?? holder);
  useTitle(title);
  const pages = usePages('listLicenses', { query: { holder, issuer: organizationId } });
  return (
    <div className={classes.page}>
      <h1>{title}</h1>
      <div className={classes.columns}>
        <UsePart holder={holder} pages={pages} />
        <SoonPart holder={holder} />
      </div>
      <LicensesPart pages={pages} />
      {may('readHistory') && pages.entries.length > 0 && <CustomerHistory licenses={pages.entries} />}
    </div>
  );
};

const UsePart = ({ holder, pages }: { readonly holder: string; readonly pages: Pages<License> }) => {
  const usage = usageOf(pages);
  return (
    <Part title={texts.use}>
      <Facts
        facts={[
          [texts.id, <Copyable key="id" text={holder} />],
          ...(['licenses', 'devices', 'seats', 'users'] as const).map(
            (name) => [texts[name], usage && number(usage[name])] as const,
          ),
        ]}
      />
      {usage?.isOfFirst === true && <p className={classes.soft}>{texts.ofFirst(usage.licenses)}</p>}
    </Part>
  );
};

const SoonPart = ({ holder }: { readonly holder: string }) => {
  const organizationId = useOrganizationId();
  const [now] = useState(Date.now);
  const expiresAfter = new Date(now).toISOString();
  const expiresBefore = new Date(now + soonMs).toISOString();
  const query = { holder, issuer: organizationId, status: 'ACTIVE' as const, expiresAfter, expiresBefore };
  const pages = usePages('listLicenses', { query });
  return (
    <Part title={texts.soon}>
      <Paged pages={pages} empty={texts.nothingSoon}>
        <LicenseTable caption={texts.soonCaption} licenses={pages.entries} />
      </Paged>
    </Part>
  );
};

const LicensesPart = ({ pages }: { readonly pages: Pages<License> }) => (
  <Part title={texts.licenses}>
    <Paged pages={pages} empty={texts.none}>
      <LicenseTable caption={texts.licensesCaption} licenses={pages.entries} />
    </Paged>
  </Part>
);

const LicenseTable = ({ caption, licenses }: { readonly caption: string; readonly licenses: readonly License[] }) => (
  <PartTable isStacked caption={caption} columns={Object.values(texts.columns)}>
    {licenses.map((license) => (
      <LicenseRow key={license.id} license={license} />
    ))}
  </PartTable>
);

export default CustomerScreen;
