import { Link } from '@tanstack/react-router';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import { Copyable } from '../../parts/copy.tsx';
import { HolderLink, HolderName } from '../../parts/holder-name.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { useOrganizationId, useRead } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { LicenseWithUse } from '../../types.ts';
import { EditMetadata } from './change/metadata-dialog.tsx';
import { ChangePlan } from './change/plan-dialog.tsx';
import { ChangeProducts } from './change/products-dialog.tsx';
import { Transfer } from './change/transfer-dialog.tsx';
import { type DialogButton, DialogButtons } from './dialog-buttons.tsx';

/** What a license is for, and for whom. */
export const DetailsPart = ({
  license,
  isNow,
  mayDo,
}: {
  readonly license: LicenseWithUse;
  /** False for an earlier instant, which has no last validation and no metadata. */
  readonly isNow: boolean;
  readonly mayDo: (power: LicensePower) => boolean;
}) => {
  const {
    id,
    externalRef,
    products,
    policy,
    holderOrganizationId,
    pendingHolder,
    replaces,
    replacedBy,
    lastValidatedAt,
    issuerOrganizationId,
  } = license;
  const isOwn = issuerOrganizationId === useOrganizationId();
  const names = texts.license;
  const metadata = Object.entries(license.metadata);
  return (
    <Part title={names.details}>
      <Facts
        facts={[
          [names.id, <Copyable key="id" text={id} />],
          [names.reference, externalRef],
          [names.products, products.join(', ')],
          [names.policy, <PolicyLink key="policy" policy={policy} isOwn={isOwn} />],
          [names.holder, <Holder key="holder" holder={holderOrganizationId} isOwn={isOwn} />],
          [
            changeTexts.transfer.offered,
            pendingHolder === null ? null : <HolderName key="offered" holder={pendingHolder.organizationId} />,
          ],
          [changeTexts.replaces, replaces === null ? null : <OtherLicense key="replaces" licenseId={replaces} />],
          [
            changeTexts.replacedBy,
            replacedBy === null ? null : <OtherLicense key="replacedBy" licenseId={replacedBy} />,
          ],
          [names.validated, isNow ? <Validated key="validated" at={lastValidatedAt} /> : null],
          [names.metadata, metadata.length === 0 ? null : <Metadata key="metadata" members={metadata} />],
        ]}
      />
      <DialogButtons buttons={isNow ? buttonsOf(license, mayDo) : []} />
    </Part>
  );
};

/** Returns the changes that the user may make. A revoked license has only its metadata left to change. */
const buttonsOf = (license: LicenseWithUse, mayDo: (power: LicensePower) => boolean): readonly DialogButton[] => {
  const isOpen = license.status !== 'REVOKED';
  const edit: DialogButton = {
    label: changeTexts.metadata.change,
    dialog: (onClose) => <EditMetadata license={license} onClose={onClose} />,
  };
  const products: DialogButton = {
    label: changeTexts.products.change,
    dialog: (onClose) => <ChangeProducts license={license} onClose={onClose} />,
  };
  const plan: DialogButton = {
    label: changeTexts.plan.change,
    dialog: (onClose) => <ChangePlan license={license} onClose={onClose} />,
  };
  const transfer: DialogButton = {
    label: changeTexts.transfer.change,
    dialog: (onClose) => <Transfer license={license} onClose={onClose} />,
  };
  return [
    ...(mayDo('changeLicenses') ? [edit] : []),
    ...(isOpen && mayDo('changeLicenses') ? [products] : []),
    ...(isOpen && mayDo('sellLicenses') ? [plan] : []),
    ...(isOpen && license.policy.transferable && mayDo('endLicenses') ? [transfer] : []),
  ];
};

const Validated = ({ at }: { readonly at: string | null }) =>
  at === null ? texts.license.never : <Moment at={at} withAge />;

/** The customer. Its issuer knows its name, and has a page about it. */
const Holder = ({ holder, isOwn }: { readonly holder: string | null; readonly isOwn: boolean }) => {
  if (holder === null) return texts.license.noHolder;
  return isOwn ? <HolderLink holder={holder} /> : <HolderName holder={holder} />;
};

const OtherLicense = ({ licenseId }: { readonly licenseId: string }) => {
  const organizationId = useOrganizationId();
  return (
    <Link to="/$organizationId/licenses/$licenseId" params={{ organizationId, licenseId }}>
      {licenseId}
    </Link>
  );
};

/** The version of the policy. It leads to the catalog when that is the one of the organization. */
const PolicyLink = ({
  policy: { id, version },
  isOwn,
}: Pick<LicenseWithUse, 'policy'> & { readonly isOwn: boolean }) => {
  const organizationId = useOrganizationId();
  const { data } = useRead('getPolicy', { params: { policyId: id } }, { enabled: isOwn });
  const text = texts.license.policyVersion(data?.name ?? id, version);
  if (!isOwn) return text;
  return (
    <Link
      to="/$organizationId/catalog/policies/$policyId"
      params={{ organizationId, policyId: id }}
      search={{ version }}
    >
      {text}
    </Link>
  );
};
const Metadata = ({ members }: { readonly members: readonly (readonly [string, unknown])[] }) => (
  <ul>
    {members.map(([name, value]) => (
      <li key={name}>
        {name}: <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
      </li>
    ))}
  </ul>
);
