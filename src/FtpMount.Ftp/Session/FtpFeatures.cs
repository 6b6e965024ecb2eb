using System.Text;
using FtpMount.Ftp.Control;

namespace FtpMount.Ftp.Session;

/// <summary>
/// What a FEAT reply announces (RFC 2389 section 3): one feature per inner line, a word and sometimes parameters. Servers forget to announce and
/// announce what they then refuse, so this is where learning starts, not where it ends.
/// </summary>
internal sealed class FtpFeatures
{
    private readonly Dictionary<string, string> _features = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Of a server that knows no FEAT.</summary>
    public static FtpFeatures None { get; } = new();

    /// <summary>Whether the server answered FEAT with a list.</summary>
    public bool IsKnown { get; private init; }

    /// <summary>The names of the features, in alphabetical order.</summary>
    public IEnumerable<string> Names => _features.Keys.Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>The facts that MLST and MLSD can give, in the server's order; empty when there are none.</summary>
    public IReadOnlyList<MlstFact> MlstFacts { get; private set; } = [];

    /// <summary>Reads the reply. Lines may be prefixed with the code (<c>211-</c>), which some servers do.</summary>
    public static FtpFeatures Parse(FtpReply reply)
    {
        if (!reply.Code.IsCompletion)
            return None;
        var result = new FtpFeatures { IsKnown = true };
        foreach (var bytes in reply.InnerLines)
        {
            var line = Encoding.Latin1.GetString(bytes).Trim();
            if (line.StartsWith(reply.Code + "-", StringComparison.Ordinal))
                line = line[4..].Trim();
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var name = space < 0 ? line : line[..space];
            var parameters = space < 0 ? "" : line[(space + 1)..].Trim();
            if (name.Length == 0)
                continue;
            if (name.Equals("SITE", StringComparison.OrdinalIgnoreCase))
                name = "SITE " + parameters;
            result._features.TryAdd(name, parameters);
            if (name.Equals("MLST", StringComparison.OrdinalIgnoreCase))
                result.MlstFacts = ParseFacts(parameters);
        }

        return result;
    }

    /// <summary>Whether a feature is announced, by its first word; <c>SITE UTIME</c> for SITE commands.</summary>
    public bool Has(string feature) => _features.ContainsKey(feature);

    /// <summary>What follows the feature's name; empty when nothing does.</summary>
    public string ParametersOf(string feature) => _features.GetValueOrDefault(feature, "");

    /// <summary>RFC 3659 section 7.8: names separated by semicolons, those that are on marked with an asterisk.</summary>
    private static List<MlstFact> ParseFacts(string parameters)
    {
        var facts = new List<MlstFact>();
        foreach (var part in parameters.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            facts.Add(new MlstFact(part.TrimEnd('*'), part.EndsWith('*')));
        return facts;
    }

    /// <summary>A fact that MLST can give.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="IsOn">Whether the server gives it without being told to.</param>
    internal readonly record struct MlstFact(string Name, bool IsOn);
}
