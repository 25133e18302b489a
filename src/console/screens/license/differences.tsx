import type { AnswerOf } from '@license-ledger/client';
import { Link } from '@tanstack/react-router';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { PartTable } from '../../parts/part.tsx';
import { useOrganizationId, useRead } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';

type Field = AnswerOf<'explainLicense'>['fields'][number];

/** The fields of a license that have other values now than at an instant, each with the event that set it then. */
export const Differences = ({ licenseId, at }: { readonly licenseId: string; readonly at: string }) => {
  const organizationId = useOrganizationId();
  const params = { licenseId };
  const now = useRead('explainLicense', { params });
  const then = useRead('explainLicense', { params, query: { asOf: at } }, { keep: true });
  const names = texts.time;
  const failed = [now, then].find(({ isError }) => isError);
  if (failed !== undefined) return <Failure error={failed.error} onRetry={failed.refetch} />;
  if (now.data === undefined || then.data === undefined) return <Loading />;
  const changed = differing(then.data.fields, now.data.fields);
  if (changed.length === 0) return <p>{names.same}</p>;
  return (
    <details>
      <summary>
        {names.differences} ({changed.length})
      </summary>
      <PartTable caption={names.differencesCaption} columns={Object.values(names.columns)}>
        {changed.map(({ field, before, after, setting }) => (
          <tr key={field}>
            <th scope="row">{field}</th>
            <td>
              <Value value={before} />
            </td>
            <td>
              <Value value={after} />
            </td>
            <td>
              {setting === null ? (
                names.byTime
              ) : (
                <Link
                  to="/$organizationId/licenses/$licenseId"
                  params={{ organizationId, licenseId }}
                  search={{ at: setting.recordedAt }}
                  resetScroll={false}
                >
                  {setting.type}, <Moment at={setting.recordedAt} />
                </Link>
              )}
            </td>
          </tr>
        ))}
      </PartTable>
    </details>
  );
};

const differing = (then: readonly Field[], now: readonly Field[]) => {
  const values = new Map(now.map(({ field, value }) => [field, value]));
  const earlier = new Map(then.map((each) => [each.field, each]));
  const fields = [...new Set([...earlier.keys(), ...values.keys()])];
  return fields
    .map((field) => ({
      field,
      before: earlier.get(field)?.value,
      after: values.get(field),
      setting: earlier.get(field)?.setBy ?? null,
    }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
};

const Value = ({ value }: { readonly value: unknown }) => {
  if (value === undefined || value === null) return texts.time.nothing;
  return typeof value === 'string' ? value : <code>{JSON.stringify(value)}</code>;
};
