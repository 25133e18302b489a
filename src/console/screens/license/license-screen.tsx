import { Link, useParams, useSearch } from '@tanstack/react-router';
import { Badge, StatusBadge } from '../../parts/badge.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useOrganizationId, useRead } from '../../session/ledger.ts';
import { useTitle } from '../../shell/use-title.ts';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { LicenseWithUse } from '../../types.ts';
import { Actions } from './actions.tsx';
import { DetailsPart } from './details-part.tsx';
import { DevicesPart } from './devices-part.tsx';
import { EntitlementsPart } from './entitlements-part.tsx';
import { HistoryPart } from './history-part.tsx';
import { KeysPart } from './keys-part.tsx';
import classes from './license.module.css';
import { LimitsPart } from './limits-part.tsx';
import { useMayAssign, usePowers } from './power.ts';
import { SeatsPart } from './seats-part.tsx';
import { TermPart } from './term-part.tsx';
import { TimeBar } from './time-bar.tsx';
import { UsagePart } from './usage-part.tsx';
import { useNews } from './use-news.ts';
import { UsersPart } from './users-part.tsx';
import { whyOf } from './why.ts';

/** A license now, or as it was at the instant in the address. */
const LicenseScreen = () => {
  const { licenseId } = useParams({ from: '/signed-in/$organizationId/licenses/$licenseId' });
  const { at } = useSearch({ from: '/signed-in/$organizationId/licenses/$licenseId' });
  const now = useRead('getLicense', { params: { licenseId } });
  const then = useRead(
    'getLicense',
    { params: { licenseId }, ...(at === undefined ? {} : { query: { asOf: at } }) },
    { keep: true },
  );
  useTitle(texts.license.title(now.data?.keyHint ?? ''));
  const news = useNews(licenseId, at === undefined);
  // A later failure leaves the page as it is, with the forms that are open.
  if (now.data === undefined) return now.isError ? <Failure error={now.error} onRetry={now.refetch} /> : <Loading />;
  const shown = then.data?.id === licenseId ? then.data : null;
  return (
    <div className={classes.page}>
      <Head key={`head of ${licenseId}`} title={now.data.keyHint ?? licenseId} license={shown} at={at ?? null} />
      <TimeBar
        key={`time of ${licenseId}`}
        license={now.data}
        at={at ?? null}
        isShown={!then.isPlaceholderData && then.isSuccess}
      />
      {at === undefined && news === 'ended' && <p role="status">{changeTexts.noNews}</p>}
      {now.isError && <Failure error={now.error} onRetry={now.refetch} />}
      {then.isError && at !== undefined && <Failure error={then.error} onRetry={then.refetch} />}
      {shown !== null && <Parts key={licenseId} license={shown} at={at ?? null} />}
    </div>
  );
};

/** The name of the license, what it is at the instant of the page, and its actions. Null: not known yet. */
const Head = ({
  title,
  license,
  at,
}: {
  readonly title: string;
  readonly license: LicenseWithUse | null;
  readonly at: string | null;
}) => (
  <div className={classes.head}>
    <div className={classes.title}>
      <h1>{texts.license.title(license?.keyHint ?? title)}</h1>
      {license !== null && (
        <>
          <StatusBadge status={license.effectiveStatus} />
          <Badge>{texts.tier[license.tier]}</Badge>
        </>
      )}
    </div>
    {license !== null && (
      <>
        <p>{whyOf(license)}</p>
        <WhyLink licenseId={license.id} at={at} />
        {at === null && <PowerfulActions license={license} />}
      </>
    )}
  </div>
);

const PowerfulActions = ({ license }: { readonly license: LicenseWithUse }) => (
  <Actions license={license} mayDo={usePowers(license)} />
);

const Parts = ({ license, at }: { readonly license: LicenseWithUse; readonly at: string | null }) => {
  const mayDo = usePowers(license);
  const mayAssign = useMayAssign(license);
  const { limits, usage } = license;
  const isNow = at === null;
  const isOpen = isNow && license.status !== 'REVOKED';
  return (
    <>
      <div className={classes.columns}>
        <DetailsPart license={license} isNow={isNow} mayDo={mayDo} />
        <TermPart license={license} at={at} mayDo={mayDo} />
        <LimitsPart license={license} mayChange={isOpen && mayDo('sellLicenses')} />
        <EntitlementsPart license={license} mayChange={isOpen && mayDo('changeLicenses')} />
        <KeysPart license={license} mayRotate={isOpen && mayDo('manageUse')} />
        {isNow && (limits.users !== 0 || usage.users > 0) && <UsersPart license={license} mayAssign={mayAssign} />}
      </div>
      {isNow ? (
        <>
          <DevicesPart license={license} mayRelease={mayDo('manageUse')} maySwap={isOpen && mayDo('useLicenses')} />
          {(limits.seats !== 0 || usage.seats > 0) && (
            <SeatsPart license={license} mayRelease={mayDo('releaseSeats')} />
          )}
          {Object.keys(usage.meters).length > 0 && (
            <UsagePart license={license} mayReset={isOpen && mayDo('changeLicenses')} />
          )}
        </>
      ) : (
        <p>{changeTexts.onlyNow}</p>
      )}
      {mayDo('readHistory') && <HistoryPart license={license} at={at} />}
    </>
  );
};

/** Leads to the explanation of a refusal of this license, at the instant that the page shows. */
const WhyLink = ({ licenseId, at }: { readonly licenseId: string; readonly at: string | null }) => {
  const organizationId = useOrganizationId();
  return (
    <p className={classes.why}>
      <Link
        to="/$organizationId/why"
        params={{ organizationId }}
        search={{ license: licenseId, ...(at === null ? {} : { at }) }}
      >
        {changeTexts.why}
      </Link>
    </p>
  );
};

export default LicenseScreen;
