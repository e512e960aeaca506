"""The scorecard that the editor begins with where there is none yet: small, whole, and to be changed."""

STARTER = """\
# A ladder of levels, and the checks that each level asks for. Nothing is stored until the text lies
# where the portal reads scorecards. Facts that rules may use: docs/reference/facts.md.
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata:
  name: my-scorecard
  title: My scorecard
  description: What it is good for, in one sentence
spec:
  applies_to:
    rule: entity.kind == 'Component'
    because: Applies to components
  levels:
    - name: Begun
    - name: Known
    - name: Explained
  checks:
    - id: owner
      title: A team answers for it
      category: Ownership
      level: Known
      rule:
        all:
          - catalog.owner_kind == 'group'
          - catalog.owner_exists
      observe: [catalog.owner_ref]
      expected: An owner that is a group of the catalog
      why: Somebody has to be asked.
      fix: Set `spec.owner` of {name} to a group.
      effort: minutes
      tests:
        - {given: {catalog.owner_kind: group, catalog.owner_exists: true}, expect: pass}
        - {given: {catalog.owner_kind: user, catalog.owner_exists: true}, expect: fail}
    - id: readme
      title: The README explains it
      category: Documentation
      level: Explained
      rule: repo.readme.bytes >= 500
      observe: [repo.readme.path, repo.readme.bytes]
      expected: A README of at least 500 bytes
      why: It is the first thing that a new member of the team opens.
      fix: Say in `README.md` what {name} does, for whom, and how to run it.
      effort: hours
      tests:
        - {given: {repo.readme.bytes: 500}, expect: pass}
        - {given: {repo.readme.bytes: 12}, expect: fail}
"""
