import { plusSeconds } from '../../../domain/time.ts';
import { instantIn } from '../../parts/dates.ts';

/** Which usage the page shows. `to` is the first instant that no longer counts. */
export type UsageFilter = {
  readonly by: 'period' | 'day';
  readonly meter?: string;
  readonly from?: string;
  readonly to?: string;
};

const daySeconds = 86_400;

/** Returns the filter in a form. Its last day counts as a whole. */
export const usageFilterIn = (form: FormData): UsageFilter => {
  const meter = String(form.get('meter'));
  const [from, to] = [instantIn(form.get('from')), instantIn(form.get('to'))];
  return {
    by: form.get('by') === 'day' ? 'day' : 'period',
    ...(meter === '' ? {} : { meter }),
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to: plusSeconds(to, daySeconds) }),
  };
};
