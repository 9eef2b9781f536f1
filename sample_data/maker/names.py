"""Lists of ordinary names, most frequent first, and the draws from them.

The lists were written for this sample; they are no register's frequencies and name no person.
"""

from __future__ import annotations

from .draw import Draw
from .words import words

__all__ = ["NICKNAMES", "draw_given", "draw_heritage", "draw_surname"]

# First year of a birth cohort -> the names its parents chose, most frequent first.
BRITISH_GIVEN: dict[str, dict[int, tuple[str, ...]]] = {
    "F": {
        1900: words(
            "Margaret Jean Mary Joan Patricia Sheila Barbara Doreen June Shirley Dorothy Joyce "
            "Maureen Elizabeth Audrey Brenda Kathleen Sylvia Eileen Pamela Betty Beryl Ann "
            "Irene Marjorie Hazel Rita Winifred Edith Phyllis Gwendoline Muriel Vera Olive"
        ),
        1950: words(
            "Susan Julie Christine Linda Karen Jacqueline Deborah Tracey Jane Helen Diane "
            "Sharon Elizabeth Carol Angela Alison Gillian Catherine Sandra Janet Lesley Denise "
            "Wendy Anne Lorraine Heather Yvonne Rosemary Teresa Philippa Bridget Marian "
            "Geraldine"
        ),
        1970: words(
            "Sarah Emma Claire Victoria Lisa Nicola Joanne Rachel Samantha Rebecca Louise "
            "Katherine Michelle Kelly Laura Amanda Gemma Helen Jennifer Natalie Hayley "
            "Stephanie Anna Ruth Melanie Caroline Zoe Vanessa Tamsin Sian Belinda Deirdre "
            "Imelda"
        ),
        1990: words(
            "Jessica Chloe Emily Lauren Sophie Charlotte Hannah Rebecca Amy Megan Bethany "
            "Georgia Katie Olivia Eleanor Alexandra Lucy Abigail Holly Molly Danielle Jade "
            "Isabelle Alice Francesca Rhiannon Niamh Rosie Harriet Zoë Chloé Cordelia"
        ),
        2005: words(
            "Olivia Amelia Isla Ava Ruby Grace Lily Sophia Evie Freya Poppy Mia Ella Florence "
            "Daisy Isabella Phoebe Sienna Alice Elsie Ivy Evelyn Matilda Rosie Willow Erin Esmé "
            "Zara Beatrice Harriet Seren Ottilie Renée Clementine"
        ),
    },
    "M": {
        1900: words(
            "John William George James Ronald Robert Kenneth Frederick Thomas Albert Eric "
            "Edward Arthur Leonard Raymond Peter Dennis Stanley Harold Alan Norman Derek Sidney "
            "Reginald Francis Gordon Ernest Cyril Bernard Clifford Wilfred Percy Horace"
        ),
        1950: words(
            "David Paul Andrew Mark John Michael Stephen Ian Robert Richard Christopher Peter "
            "Simon Anthony Kevin Gary Steven Martin James Philip Alan Neil Nigel Timothy Colin "
            "Graham Jonathan Nicholas Keith Trevor Duncan Clive Howard Roderick"
        ),
        1970: words(
            "Paul Mark David Andrew Richard Christopher James Simon Michael Matthew Stephen Lee "
            "John Robert Darren Daniel Steven Jason Nicholas Jonathan Ben Craig Stuart Adam "
            "Gareth Gavin Russell Dominic Damian Marcus Rhys Giles Fergus"
        ),
        1990: words(
            "Thomas James Jack Daniel Matthew Ryan Joshua Luke Samuel Jordan Adam Michael "
            "Alexander Benjamin Joseph Liam Jake William Nathan Connor Lewis Callum Kieran "
            "Oliver George Harry Edward Aaron Dominic Patrick Elliot Toby Rory Zachary Seán"
        ),
        2005: words(
            "Oliver Jack Harry George Noah Charlie Jacob Alfie Freddie Oscar Leo Logan Archie "
            "Theo Thomas Joshua Henry William Max Lucas Ethan Arthur Mason Isaac Finley Edward "
            "Samuel Reuben Harrison Albert Rowan Jude Caleb Ioan André"
        ),
    },
}

# Heritage -> share of households (weights add to 100).
HERITAGES: tuple[tuple[str, int], ...] = (
    ("british", 80),
    ("south_asian", 8),
    ("polish", 4),
    ("turkish", 2),
    ("greek", 2),
    ("european", 4),
)

OTHER_GIVEN: dict[str, dict[str, tuple[str, ...]]] = {
    "south_asian": {
        "F": words(
            "Fatima Aisha Priya Ayesha Maryam Zainab Anjali Nadia Sunita Harpreet Shabnam Deepa "
            "Meera Rukhsana Kavita Simran Amina Lakshmi Nasreen Pooja"
        ),
        "M": words(
            "Mohammed Ali Imran Rajesh Ahmed Sanjay Hassan Amit Usman Gurpreet Tariq Vikram Bilal "
            "Arjun Harjit Nikhil Ravi Yusuf Kamal Suresh"
        ),
    },
    "polish": {
        "F": words(
            "Anna Katarzyna Agnieszka Małgorzata Ewa Magdalena Monika Joanna Zofia Elżbieta Beata "
            "Aleksandra Dorota"
        ),
        "M": words(
            "Piotr Krzysztof Tomasz Paweł Andrzej Marcin Jakub Michał Łukasz Grzegorz Wojciech "
            "Stanisław Mateusz"
        ),
    },
    "turkish": {
        "F": words("Ayşe Emine Zeynep Elif Hatice Gülay Özlem Sevgi Esra Derya"),
        "M": words("Mehmet Mustafa Ahmet Hüseyin Emre Murat Kemal Volkan Ömer Serkan"),
    },
    "greek": {
        "F": words("Maria Eleni Katerina Sofia Despina Georgia Ioanna Androulla Chrysa"),
        "M": words("Georgios Andreas Nikos Dimitris Kostas Yiannis Panayiotis Stavros"),
    },
    "european": {
        "F": words("Sofía Ingrid Élodie María Karin Chloé Inês Johanna Begoña Søs Renée"),
        "M": words("José Jürgen Søren Björn André Luís Iñigo Étienne Jörg Anders Mateus"),
    },
}

BRITISH_SURNAMES = words(
    "Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Johnson Roberts Robinson "
    "Thompson Wright Walker White Edwards Hughes Green Hall Lewis Harris Clarke Jackson Wood "
    "Turner Martin Cooper Hill Ward Morris Moore Clark Lee King Baker Harrison Morgan Allen James "
    "Scott Phillips Watson Davis Parker Price Bennett Young Griffiths Mitchell Kelly Cook Carter "
    "Richardson Bailey Collins Bell Shaw Murphy Miller Cox Richards Marshall Anderson Simpson "
    "Ellis Adams Wilkinson Foster Chapman Powell Webb Rogers Gray Mason Hunt "
    "Campbell Matthews Owen Palmer Holmes Mills Barnes Knight Lloyd Butler Russell Barker Fisher "
    "Stevens Jenkins Murray Dixon Harvey Graham Pearson Fletcher Walsh Gibson Howard Andrews "
    "Stewart Elliott Reynolds Saunders Payne Fox Ford Pearce Day Brooks West Lawrence Cole "
    "Atkinson Bradley Spencer Gill Dawson Watts Burton Wells Francis Hart Booth Armstrong Nicholls "
    "Rees Hopkins Carr Lane Whittaker Cunningham Newman Barrett Slater Sutton Osborne Perkins "
    "O'Brien O'Connor O'Neill O'Sullivan O'Reilly O'Donnell O'Shea McDonald McCarthy McLean "
    "McKenzie McGrath McIntyre McAllister McLoughlin MacLeod Fitzgerald Sinclair Quigley "
    "Pritchard Llewellyn Prosser Trevena Penrose Tregenza Beaumont D'Arcy"
)

# Rare names are put together from two parts: 42 x 24 of them.
SURNAME_STARTS = words(
    "Ash Black Brad Brom Clay Clif Cran Dray El Fair Far Gar Gold Grim Had Hartle Hazel Hether "
    "Hol Ingle Kem Lang Lin Mar Mel Nether Oak Pem Quar Rad Raven Sel Shel Stan Stock Thorn Tarle "
    "Under Wal Wether Whit Wool"
)
SURNAME_ENDS = words(
    "ley ton ford wood worth ham field by well croft stead combe bourne thwaite gate grave shaw "
    "wick dale more den hurst bridge land"
)

OTHER_SURNAMES: dict[str, tuple[str, ...]] = {
    "south_asian": words(
        "Khan Patel Singh Ahmed Hussain Bhatti Grewal Ali Shah Sharma Akhtar Chowdhury Malik "
        "Rahman Iqbal Mahmood Desai Bhatt Gupta Nair Chaudhry Qureshi Mistry Sandhu Perera "
        "Jayawardene"
    ),
    "polish": words(
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Woźniak "
        "Dąbrowski Kozłowski Mazur Jabłoński Król Wróbel Pawłowski Gołąb"
    ),
    "turkish": words(  # \u0131 is the dotless i, which is easily taken for an i
        "Y\u0131lmaz Kaya Demir Şahin Çelik Y\u0131ld\u0131z Öztürk Ayd\u0131n Arslan Doğan "
        "K\u0131l\u0131ç Güneş"
    ),
    "greek": words(
        "Georgiou Papadopoulos Christodoulou Ioannou Andreou Nicolaou Constantinou Pavlides "
        "Hadjigeorgiou Economou Charalambous"
    ),
    "european": words(
        "Müller García Nuñez Sørensen Lindström Schröder Muñoz Peña Jørgensen Gonçalves Lefèvre "
        "Björk Ibáñez Köhler Bøgh Desprès"
    ),
}

NICKNAMES: dict[str, tuple[str, ...]] = {
    "Abigail": ("Abi", "Abby"), "Albert": ("Bert", "Albie"), "Aleksandra": ("Ola",),
    "Alexander": ("Alex", "Sandy"), "Alexandra": ("Alex", "Lexi"), "Amanda": ("Mandy",),
    "Andrew": ("Andy", "Drew"), "Angela": ("Angie",), "Anthony": ("Tony",),
    "Arthur": ("Art", "Artie"), "Barbara": ("Babs", "Barb"), "Beatrice": ("Bea",),
    "Benjamin": ("Ben",), "Bernard": ("Bernie",), "Bethany": ("Beth",),
    "Catherine": ("Cathy", "Kate"), "Charlotte": ("Lottie", "Charlie"), "Christine": ("Chris",),
    "Christopher": ("Chris", "Kit"), "Clifford": ("Cliff",), "Daniel": ("Dan", "Danny"),
    "Danielle": ("Dani",), "David": ("Dave",), "Deborah": ("Debbie", "Debs"),
    "Dorothy": ("Dot", "Dolly"), "Edward": ("Ted", "Eddie"), "Eleanor": ("Ellie", "Nell"),
    "Elizabeth": ("Liz", "Beth", "Betty"), "Emily": ("Em", "Millie"), "Ernest": ("Ernie",),
    "Florence": ("Flo", "Florrie"), "Francesca": ("Fran",), "Francis": ("Frank",),
    "Frederick": ("Fred", "Freddie"), "Georgios": ("George",), "Gillian": ("Gill",),
    "Gwendoline": ("Gwen",), "Harriet": ("Hattie",), "Henry": ("Harry",),
    "Isabella": ("Bella", "Izzy"), "Isabelle": ("Izzy",), "Jacob": ("Jake",),
    "Jacqueline": ("Jackie",), "Jakub": ("Kuba",), "James": ("Jim", "Jamie"),
    "Janet": ("Jan",), "Jennifer": ("Jenny", "Jen"), "Jessica": ("Jess",), "Joanne": ("Jo",),
    "John": ("Jack", "Johnny"), "Jonathan": ("Jon",), "Joseph": ("Joe",), "Joshua": ("Josh",),
    "Katarzyna": ("Kasia",), "Katherine": ("Kate", "Kathy"), "Kathleen": ("Kath",),
    "Kenneth": ("Ken",), "Leonard": ("Len",), "Małgorzata": ("Gosia",), "Margaret": (
        "Maggie", "Peggy"), "Matilda": ("Tilly",), "Matthew": ("Matt",), "Maureen": ("Mo",),
    "Michael": ("Mike", "Mick"), "Michelle": ("Shell",), "Mohammed": ("Mo",),
    "Natalie": ("Nat",), "Nathan": ("Nate",), "Nicholas": ("Nick",), "Nicola": ("Nicky",),
    "Olivia": ("Liv", "Livvy"), "Oliver": ("Ollie",), "Pamela": ("Pam",),
    "Panayiotis": ("Panos",), "Patricia": ("Pat", "Trish"), "Patrick": ("Paddy",),
    "Peter": ("Pete",), "Philip": ("Phil",), "Philippa": ("Pippa",), "Raymond": ("Ray",),
    "Rebecca": ("Becky", "Bex"), "Reginald": ("Reg",), "Richard": ("Rick", "Dick"),
    "Robert": ("Bob", "Rob"), "Ronald": ("Ron",), "Rosemary": ("Rose",),
    "Samantha": ("Sam",), "Samuel": ("Sam",), "Sarah": ("Sally",), "Sidney": ("Sid",),
    "Stephanie": ("Steph",), "Stephen": ("Steve",), "Steven": ("Steve",), "Stuart": ("Stu",),
    "Susan": ("Sue",), "Teresa": ("Terri",), "Theo": ("Teddy",), "Thomas": ("Tom", "Tommy"),
    "Timothy": ("Tim",), "Victoria": ("Vicky", "Tori"), "William": ("Bill", "Will"),
    "Winifred": ("Win",), "Zachary": ("Zac",),
}  # fmt: skip


def draw_heritage(draw: Draw) -> str:
    """Return the heritage of a household, which decides the lists its names come from."""
    return draw.weighted(HERITAGES)


def draw_given(draw: Draw, heritage: str, sex: str, birth_year: int) -> str:
    """Return a given name for a sex and birth year.

    Of those born from 1985 on, half take a British name whatever their household's heritage.
    """
    if heritage != "british" and not (birth_year >= 1985 and draw.chance(0.5)):
        return draw.ranked(OTHER_GIVEN[heritage][sex])
    cohorts = BRITISH_GIVEN[sex]
    return draw.ranked(cohorts[max(first for first in cohorts if first <= birth_year)])


def draw_surname(draw: Draw, heritage: str) -> str:
    """Return a surname: a few frequent ones, a long tail of rare ones, some double-barrelled."""
    if heritage != "british":
        return draw.ranked(OTHER_SURNAMES[heritage])
    kind = draw.weighted((("listed", 67), ("built", 30), ("double", 3)))
    if kind == "listed":
        return draw.ranked(BRITISH_SURNAMES)
    if kind == "built":
        return draw.one(SURNAME_STARTS) + draw.one(SURNAME_ENDS)
    return f"{draw.ranked(BRITISH_SURNAMES)}-{draw.one(BRITISH_SURNAMES)}"
