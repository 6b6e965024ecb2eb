using System.Collections.Frozen;
using System.Text;

namespace FtpMount.Ftp.Listing;

/// <summary>The month names of ls: English ones at once, those of other locales by a table.</summary>
internal static class MonthName
{
    /// <summary>No known abbreviation has more bytes.</summary>
    private const int LongestName = 24;

    /// <summary>
    /// Abbreviations of the C library's and of Windows' locales, in lower case, where they differ from English. Words by which two languages mean
    /// different months are left out (<c>lip</c> is July in Polish and June in Croatian).
    /// </summary>
    private static readonly FrozenDictionary<string, int> Others = Names().ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Lookup = Others.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The number, from 1, of an English month of three letters, in any case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out int month)
    {
        month = 0;
        if (text.Length != 3)
            return false;
        var key = ((text[0] | 0x20) << 16) | ((text[1] | 0x20) << 8) | (text[2] | 0x20);
        month = key switch
        {
            ('j' << 16) | ('a' << 8) | 'n' => 1,
            ('f' << 16) | ('e' << 8) | 'b' => 2,
            ('m' << 16) | ('a' << 8) | 'r' => 3,
            ('a' << 16) | ('p' << 8) | 'r' => 4,
            ('m' << 16) | ('a' << 8) | 'y' => 5,
            ('j' << 16) | ('u' << 8) | 'n' => 6,
            ('j' << 16) | ('u' << 8) | 'l' => 7,
            ('a' << 16) | ('u' << 8) | 'g' => 8,
            ('s' << 16) | ('e' << 8) | 'p' => 9,
            ('o' << 16) | ('c' << 8) | 't' => 10,
            ('n' << 16) | ('o' << 8) | 'v' => 11,
            ('d' << 16) | ('e' << 8) | 'c' => 12,
            _ => 0,
        };
        return month != 0;
    }

    /// <summary>The number of a month in one of the known languages, with or without a full stop or comma behind it. UTF-8, or Latin-1 where it is not.</summary>
    public static bool TryParseAnyLanguage(ReadOnlySpan<byte> text, out int month)
    {
        text = text.TrimEnd(".,"u8);
        if (TryParse(text, out month))
            return true;
        if (text.Length is 0 or > LongestName)
            return false;
        Span<char> chars = stackalloc char[LongestName];
        var length = System.Text.Unicode.Utf8.IsValid(text) ? Encoding.UTF8.GetChars(text, chars) : Encoding.Latin1.GetChars(text, chars);
        Span<char> lower = stackalloc char[LongestName];
        length = MemoryExtensions.ToLowerInvariant(chars[..length], lower);
        return length > 0 && Lookup.TryGetValue(lower[..length], out month);
    }

    private static Dictionary<string, int> Names()
    {
        string[] months =
        [
            "january jän jänner jänn janv gen ene sty led tam янв січ ιαν oca ian",
            "february febr fév févr fev fevr lut ún feber helmi фев лют φεβ şub",
            "march mär mrz märz mars mzo mrt maart br březen maalis márc мар бер μαρ",
            "april avr abr kwi dub huhti ápr апр кві απρ nis",
            "mai mei maj mag kvě touko máj май мая тра μαΐ",
            "june juin juni giu cze čen kesä jún июн чер ιουν haz iun",
            "july juil juli lug čec heinä júl июл лип ιουλ tem iul",
            "august aoû août aout ago agto sie elo авг сер αυγ ağu",
            "sept september set wrz zář syys szept сен вер σεπ eyl",
            "okt october ott out paź říj loka окт жов οκτ eki",
            "november marras ноя νοε kas",
            "dez dec déc dic december gru pro joulu дек гру δεκ ara",
        ];
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var month = 0; month < months.Length; month++)
        {
            foreach (var name in months[month].Split(' '))
                names[name] = month + 1;
        }

        return names;
    }
}
