import { Link } from '@tanstack/react-router';
import { Failure } from '../../../parts/failure.tsx';
import { HolderName } from '../../../parts/holder-name.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { Moment } from '../../../parts/moment.tsx';
import { PartTable } from '../../../parts/part.tsx';
import { useOrganizationId, useRead } from '../../../session/ledger.ts';
import { texts } from '../../../texts/catalogue.ts';
import { eventName } from '../../../texts/event-sentences.ts';
import classes from '../license.module.css';
import { type Cause, type CausedValue, changedFields } from './changed-fields.ts';

/** The fields of a license that have other values now than at an instant, each with the events that set them. */
export const Differences = ({ licenseId, at }: { readonly licenseId: string; readonly at: string }) => {
  const params = { licenseId };
  const now = useRead('explainLicense', { params });
  const then = useRead('explainLicense', { params, query: { asOf: at } }, { keep: true });
  const names = texts.time;
  const failed = [now, then].find(({ isError }) => isError);
  if (failed !== undefined) return <Failure error={failed.error} onRetry={failed.refetch} />;
  if (now.data === undefined || then.data === undefined) return <Loading />;
  const changed = changedFields(then.data.fields, now.data.fields);
  if (changed.length === 0) return <p>{names.same}</p>;
  return (
    <details>
      <summary>
        {names.differences} ({changed.length})
      </summary>
      <PartTable caption={names.differencesCaption} columns={Object.values(names.columns)}>
        {changed.map(({ key, name, before, after }) => (
          <tr key={key}>
            <th scope="row">{name}</th>
            {[before, after].map((value, index) => (
              <td key={index === 0 ? names.columns.before : names.columns.after}>
                <Value licenseId={licenseId} value={value} />
              </td>
            ))}
          </tr>
        ))}
      </PartTable>
    </details>
  );
};

const Value = ({ licenseId, value: { items, cause } }: { readonly licenseId: string; readonly value: CausedValue }) => (
  <>
    {items.length === 0 && <p>{texts.time.nothing}</p>}
    {items.map(({ text, at, organizationId }) => (
      <p key={`${text} ${at} ${organizationId}`}>
        {text} {at !== undefined && <Moment at={at} />}
        {organizationId !== undefined && <HolderName holder={organizationId} />}
      </p>
    ))}
    {cause !== null && (
      <p className={classes.soft}>
        <SetBy licenseId={licenseId} cause={cause} />
      </p>
    )}
  </>
);

const SetBy = ({ licenseId, cause: { setBy, byTime } }: { readonly licenseId: string; readonly cause: Cause }) => {
  const organizationId = useOrganizationId();
  if (byTime !== null)
    return (
      <>
        {texts.time.byTime} <Moment at={byTime.since} />
      </>
    );
  if (setBy === null) return texts.time.byHidden;
  return (
    <Link
      to="/$organizationId/licenses/$licenseId"
      params={{ organizationId, licenseId }}
      search={{ at: setBy.recordedAt }}
      resetScroll={false}
    >
      {eventName(setBy.type)}, <Moment at={setBy.recordedAt} />
    </Link>
  );
};
