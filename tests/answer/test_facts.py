import pytest

from ragapp.answer.facts import has_unsupported_figure, names, negates, numbers, quantities
from ragapp.index.analysis import content_terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("£1,250.00", ["1250"]),
        ("1 250,50 €", ["1250.5"]),
        ("1\u202f250,50 €", ["1250.5"]),
        ("12.5% of 3", ["12.5", "3"]),
        ("call 0114 496 0190", ["01144960190"]),
        ("none", []),
    ],
)
def test_numbers_have_one_form(text, found):
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("£1,250.00 a year", {("1250", "pound")}),
        ("45p a mile", {("45", "pence")}),
        ("45 pence", {("45", "pence")}),
        ("0,52 € par km", {("0.52", "euro")}),
        ("12.5 %", {("12.5", "percent")}),
        ("a 5-day week", {("5", "day")}),
        ("15 working days", {("15", "day")}),
        ("trois fois 2 semaines", {("2", "week")}),
        ("3 million euros", {("3", "million")}),
        ("page 4", set()),
        ("the 3 managers", set()),
    ],
)
def test_quantities(text, found):
    assert quantities(text) == found


@pytest.mark.parametrize(
    ("statement", "source"),
    [
        ("It is 30 days.", "It is 31 days."),
        ("It is 30 days.", "It is 30 weeks."),
        ("It costs £30.", "It costs 30 €."),
        ("It is 5 %.", "There are 50 of them."),
        ("It ends on 31 March 2024.", "It ends on 31 March 2025."),
        ("It ends on 31 March.", "It ends on 30 March."),
        ("Le préavis est de 2 mois.", "Le préavis est de 2 semaines."),
        ("It costs $310.", "| North | 310 |"),
        ("It costs 310 euros.", "| North | 310 |"),
        ("It is EUR 0.30 a mile.", "28p a mile | EUR 0.30 a km"),
        ("It is £24 a month.", "up to £24 a week"),
        ("It is 31 days.", "| Weeks of notice | 31 |"),
        ("Row 17 has 5.", "| Row 1 | 17.50 |"),
    ],
)
def test_another_figure_unit_or_date_is_a_change(statement, source):
    assert has_unsupported_figure(statement, source)


@pytest.mark.parametrize(
    ("statement", "source", "given"),
    [
        ("It is 30 days.", "within 30 calendar days", ""),
        ("It is 45 pence.", "45p a mile", ""),
        ("It ends on 31 March 2025.", "until 31/03/2025", ""),
        ("It ends on 31/03/2025.", "until 31 March 2025", ""),
        ("It ends on 31 March.", "until 31 March 2025", ""),
        ("It is £24.", "| Cost in £ | Laundry | 24 |", ""),
        ("It takes 24 days.", "| Laundry | 24 |", ""),
        ("It is CHF 1'250'000.", "CHF 1 250 000", ""),
        ("It is £24 a week.", "up to £24 per week", ""),
        ("The fee is 24 USD.", "| Fee | 24 |", "What is the fee in USD?"),
        ("In 2025 it is 24.", "it is 24", "What is it in 2025?"),
        ("1 250 euros", "1.250,00 €", ""),
        ("no number at all", "nor here", ""),
    ],
)
def test_the_same_figure_in_another_form_is_no_change(statement, source, given):
    assert not has_unsupported_figure(statement, source, given)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The office in Sheffield is led by Helen Tansley.", ["Sheffield", "Helen", "Tansley"]),
        ("She works. He sleeps.\nParis is far.", []),
        ("Le bureau de Grenoble ferme.", ["Grenoble"]),
        ("ask the NASA", ["NASA"]),
        ("", []),
    ],
)
def test_names_are_words_with_a_capital_that_nothing_begins_with(text, found):
    assert names(text) == found


@pytest.mark.parametrize(
    ("statement", "source", "language", "denied"),
    [
        ("Alcohol is reimbursed.", "Alcohol is not reimbursed.", "en", True),
        ("Alcohol is not reimbursed.", "Alcohol is reimbursed.", "en", True),
        ("You can claim parking.", "You can't claim parking.", "en", True),
        ("Leave never lapses.", "Unused leave lapses on 31 March.", "en", False),
        ("Alcohol is not covered.", "Alcohol is excluded.", "en", False),
        ("Claims are due in 30 days.", "Claims are due in 30 days, not 60 as before.", "en", False),
        ("Les repas sont remboursés.", "Les repas ne sont pas remboursés.", "fr", True),
        ("Les repas ne sont pas remboursés.", "Les repas sont exclus.", "fr", False),
        ("L'accord est valable.", "L'accord n'est pas valable.", "fr", True),
        ("Les amendes et sanctions pécuniaires", "Les amendes et sanctions pécuniaires sont interdites.", "fr", True),
        ("Les amendes sont interdites.", "Les amendes sont interdites.", "fr", False),
        ("Smoking in the store room", "Smoking in the store room is prohibited.", "en", True),
        ("Smoking is prohibited.", "No smoking in the store room.", "en", False),
        ("Das wird bezahlt.", "Das wird nicht bezahlt.", "de", True),
        ("Se reembolsa.", "No se reembolsa.", "es", True),
        ("E rimborsato.", "Non e rimborsato.", "it", True),
        ("Dat wordt vergoed.", "Dat wordt niet vergoed.", "nl", True),
        ("É reembolsado.", "Não é reembolsado.", "pt", True),
        ("Se on korvattu.", "Se ei ole korvattu.", "fi", False),
    ],
)
def test_clear_denials(statement, source, language, denied):
    assert negates(statement, source, language, lambda text: content_terms(text, language)) is denied


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("The tank holds 60 gallons.", "The tank holds 60 litres."),
        ("The limit is 50 mph.", "The limit is 50 km/h."),
        ("The limit is 50 miles per hour.", "The limit is 50 kilometres per hour."),
        ("The plot has 12 acres.", "The plot has 12 hectares."),
        ("It weighs 8 lb.", "It weighs 8 kg."),
        ("Take 20 g.", "Take 20 mg."),
        ("It used 70 kWh.", "It used 70 MWh."),
        ("It costs C$2,400.", "It costs $2,400."),
        ("It costs 2,400 rupees.", "It costs 2,400."),
        ("It costs kr 300.", "It costs 300."),
        ("It costs ₹300.", "It costs €300."),
        ("The turnover is 7 million.", "The turnover is 7."),
    ],
)
def test_another_unit_is_another_quantity(said, source):
    assert has_unsupported_figure(said, source, "", "")
    assert not has_unsupported_figure(said, said, "", "")


def test_what_is_no_unit_changes_nothing():
    assert not has_unsupported_figure("Le 12 l’entreprise ferme.", "L’entreprise ferme le 12.", "", "")
    assert not has_unsupported_figure("It was 7 million in 2020.", "| In million € | 2020 |\n| Sales | 7 |", "", "")
