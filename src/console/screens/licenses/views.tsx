import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Dialog, DialogActions } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/field.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { listTexts } from '../../texts/list-texts.ts';
import { type Filters, isSameView } from './filters.ts';
import classes from './licenses.module.css';
import { readViews, type SavedView, viewNameMax, viewsMax, writeViews } from './stored-choices.ts';
import { usualViews } from './usual-views.ts';

const names = listTexts.views;

/** Views of the list as links: the usual ones, and those that the user has saved in this browser. */
export const Views = ({ filters }: { readonly filters: Filters }) => {
  const organizationId = useOrganizationId();
  const [saved, setSaved] = useState(() => readViews(localStorage, organizationId));
  const [isNaming, setNaming] = useState(false);
  const change = (views: readonly SavedView[]) => {
    setSaved(views);
    writeViews(localStorage, organizationId, views);
  };
  const all = [...usualViews, ...saved];
  const isKnown = all.some((view) => isSameView(view.filters, filters));
  return (
    <nav aria-label={names.label} className={classes.views}>
      <ul>
        {all.map((view) => (
          <li key={view.name}>
            <Link
              to="/$organizationId/licenses"
              params={{ organizationId }}
              search={view.filters}
              activeOptions={{ exact: true }}
              className={classes.view}
              aria-current={isSameView(view.filters, filters) ? 'page' : undefined}
            >
              {view.name}
            </Link>
            {saved.includes(view) && (
              <Button
                kind="quiet"
                aria-label={names.remove(view.name)}
                onClick={() => change(saved.filter((other) => other !== view))}
              >
                <span aria-hidden="true">×</span>
              </Button>
            )}
          </li>
        ))}
        {!isKnown && saved.length < viewsMax && (
          <li>
            <Button kind="quiet" onClick={() => setNaming(true)}>
              {names.save}
            </Button>
          </li>
        )}
      </ul>
      {isNaming && (
        <NameDialog
          taken={all.map(({ name }) => name)}
          onClose={() => setNaming(false)}
          onName={(name) => {
            change([...saved, { name, filters }]);
            setNaming(false);
          }}
        />
      )}
    </nav>
  );
};

const NameDialog = ({
  taken,
  onName,
  onClose,
}: {
  readonly taken: readonly string[];
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}) => {
  const [fault, setFault] = useState<string>();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name') ?? '').trim();
    if (name === '') return setFault(names.missing);
    if (taken.includes(name)) return setFault(names.taken);
    onName(name);
  };
  return (
    <Dialog title={names.save} onClose={onClose}>
      <form onSubmit={submit} className={classes.page}>
        <TextField label={names.name} hint={names.nameHint} fault={fault} name="name" maxLength={viewNameMax} />
        <DialogActions>
          <Button onClick={onClose}>{names.cancel}</Button>
          <Button kind="primary" type="submit">
            {names.confirm}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};
