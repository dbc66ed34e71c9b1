"""The doctor looks at the whole chain, from the settings to WeCom's admin pages, and says in plain words what to mend.

It only looks: nothing is changed, and nobody is written to unless a message to the alert robot is asked for.
"""

from console.doctor.case import Case
from console.doctor.examination import LINKS, TITLES, Doctor
from console.doctor.finding import Finding, State

__all__ = ['LINKS', 'TITLES', 'Case', 'Doctor', 'Finding', 'State']
