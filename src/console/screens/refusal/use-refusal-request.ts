import { hashKey, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useOrganizationId } from '../../session/ledger.ts';
import { refusalIn } from './refusal-in-address.ts';
import { addressOf, type RefusalRequest, requestIn } from './refusal-request.ts';

/** The request that the page explains. `form` changes when the fields must show another request. */
type Current = {
  readonly request: RefusalRequest | null;
  readonly form: number;
  /** The address that the request came from, and the one that it is about to get. */
  readonly seen: string;
  readonly expected: string;
};

/**
 * Returns the request that the page explains. The address has the part of it that a colleague may see, so a link to
 * another license asks anew, and a key stays in memory.
 */
export const useRefusalRequest = () => {
  const search = useSearch({ from: '/signed-in/$organizationId/why' });
  const navigate = useNavigate({ from: '/$organizationId/why' });
  const queries = useQueryClient();
  const organizationId = useOrganizationId();
  const address = JSON.stringify(refusalIn(search));
  const [current, setCurrent] = useState<Current>(() => ({
    request: requestIn(search),
    form: 0,
    seen: address,
    expected: address,
  }));
  if (address !== current.seen) {
    const isOwn = address === current.expected;
    setCurrent(
      isOwn
        ? { ...current, seen: address }
        : { request: requestIn(search), form: current.form + 1, seen: address, expected: address },
    );
  }
  const ask = (request: RefusalRequest, { showsInForm = false } = {}) => {
    const next = refusalIn(addressOf(request));
    setCurrent({
      request,
      form: current.form + (showsInForm ? 1 : 0),
      seen: address,
      expected: JSON.stringify(next),
    });
    // The same request asks for the answer of this moment.
    if (hashKey([request]) === hashKey([current.request]))
      void queries.invalidateQueries({ queryKey: [organizationId] });
    void navigate({ search: next, replace: true, resetScroll: false });
  };
  return { request: current.request, form: current.form, ask };
};
