import { useState } from 'react';
import { type Role, roles } from '../../../domain/organization/events.ts';
import { refuseRole } from '../../../domain/organization/organization-authority.ts';
import { SelectField } from '../../parts/field.tsx';
import { peopleTexts as texts } from '../../texts/people-texts.ts';
import { useStanding } from './people.ts';
import { roleInWords } from './rights-in-words.ts';

/** All roles, in the order in which people read them. */
export const roleNames: readonly Role[] = roles;

/** Returns the roles that the user may give and take. */
export const useGivableRoles = (): readonly Role[] => {
  const standing = useStanding();
  return standing === null ? [] : roleNames.filter((role) => refuseRole(standing, role) === null);
};

/** A choice among the roles that the user may give. Its hint says what the role may do. */
export const RoleField = ({ initial }: { readonly initial: Role }) => {
  const givable = useGivableRoles();
  const [role, setRole] = useState<Role>(initial);
  return (
    <SelectField
      label={texts.members.role}
      name="role"
      value={role}
      hint={roleInWords(role)}
      onChange={({ currentTarget: { value } }) => setRole(roleIn(value) ?? role)}
    >
      {givable.map((each) => (
        <option key={each} value={each}>
          {texts.roles[each]}
        </option>
      ))}
    </SelectField>
  );
};

/** Returns the role that a form field names. Undefined for another text. */
export const roleIn = (value: unknown): Role | undefined => roleNames.find((role) => role === value);
