import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { number } from '../../parts/dates.ts';
import { TextField } from '../../parts/field.tsx';
import { HolderLink } from '../../parts/holder-name.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Paged } from '../../parts/paged.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useTyped } from '../../parts/use-typed.ts';
import { useOrganizationId } from '../../session/ledger.ts';
import { useMay } from '../../session/may.ts';
import { usePages } from '../../session/paged-list.ts';
import { useTitle } from '../../shell/use-title.ts';
import { texts as allTexts } from '../../texts/catalogue.ts';
import { customerTexts as texts } from '../../texts/customer-texts.ts';
import classes from './customers.module.css';
import { type Customer, customersIn } from './customers.ts';
import { customersInAddress } from './customers-in-address.ts';
import { IssuersPart } from './issuers-part.tsx';
import { OffersPart } from './offers-part.tsx';

const pageSize = 100;

/** The customers of the organization, and what other issuers offer to it. */
const Customers = () => {
  useTitle(texts.title);
  const may = useMay();
  return (
    <div className={classes.page}>
      <h1>{texts.title}</h1>
      <CustomersPart />
      {may('readOffers') && (
        <div className={classes.columns}>
          <OffersPart />
          <IssuersPart />
        </div>
      )}
    </div>
  );
};

const CustomersPart = () => {
  const organizationId = useOrganizationId();
  const { name } = useSearch({ from: '/signed-in/$organizationId/customers' });
  const query = { issuer: organizationId, limit: pageSize, ...(name === undefined ? {} : { contains: name }) };
  const pages = usePages('listLicenses', { query });
  const [now] = useState(Date.now);
  const customers = customersIn(pages.entries, now);
  const without = pages.entries.filter(({ holderOrganizationId }) => holderOrganizationId === null).length;
  return (
    <Part title={texts.holders}>
      <p>{texts.text}</p>
      <Search name={name ?? ''} />
      <Paged pages={pages} empty={name === undefined ? texts.none : texts.noMatch} more={texts.more}>
        <p role="status" className={classes.soft}>
          {texts.read(pages.entries.length, without)} {name !== undefined && texts.onlyMatches}
        </p>
        {customers.length === 0 ? (
          <p>{pages.hasMore ? texts.noneYet : name === undefined ? texts.none : texts.noMatch}</p>
        ) : (
          <PartTable isStacked caption={texts.caption} columns={Object.values(texts.columns)}>
            {customers.map((customer) => (
              <Row key={customer.id} customer={customer} />
            ))}
          </PartTable>
        )}
      </Paged>
    </Part>
  );
};

const Search = ({ name }: { readonly name: string }) => {
  const navigate = useNavigate({ from: '/$organizationId/customers' });
  const [typed, setTyped] = useTyped(name);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void navigate({ search: customersInAddress({ name: typed }), replace: true });
  };
  return (
    <form className={classes.search} onSubmit={submit}>
      <TextField
        label={texts.find}
        hint={texts.findHint}
        name="name"
        type="search"
        value={typed}
        onChange={({ currentTarget: { value } }) => setTyped(value)}
        minLength={3}
        maxLength={200}
        autoComplete="off"
      />
      <Button type="submit">{allTexts.shell.find}</Button>
    </form>
  );
};

const Row = ({ customer: { id, licenses, working, devices, seats, nextEnd } }: { readonly customer: Customer }) => {
  return (
    <tr>
      <th scope="row">
        <HolderLink className={classes.id} holder={id} />
      </th>
      <td data-label={texts.columns.licenses}>{number(licenses)}</td>
      <td data-label={texts.columns.working}>{number(working)}</td>
      <td data-label={texts.columns.devices}>{number(devices)}</td>
      <td data-label={texts.columns.seats}>{number(seats)}</td>
      <td data-label={texts.columns.ends}>
        {nextEnd === null ? (
          texts.noEnd
        ) : nextEnd === 'never' ? (
          allTexts.term.perpetual
        ) : (
          <Moment isDay at={nextEnd} withAge />
        )}
      </td>
    </tr>
  );
};

export default Customers;
