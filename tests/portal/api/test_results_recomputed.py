"""Every result of a portal that has read real files comes out again from its evidence alone."""

from sqlalchemy import select

from portal.db.evaluation.result_history import basis_of, results_at
from portal.db.tables import entities
from portal.wiring import Portal
from tests.recomputing import mismatches, recompute


def test_every_stored_result_is_proven_by_its_evidence(filled: Portal) -> None:
    cards = {card.name: card for card in filled.scorecards}
    proven = 0
    with filled.database.read() as connection:
        ids = connection.execute(select(entities.c.id)).scalars().all()
        for number in ids:
            for past in results_at(connection, [number], filled.now()):
                basis = basis_of(connection, past.transition)
                assert basis is not None
                assert basis.records
                card = cards[past.transition.scorecard]
                again = recompute(basis, card, filled.schemas)
                assert mismatches(past.stand, again) == {}
                assert again is not None
                assert again.results == past.said
                proven += 1
    assert proven > 2
