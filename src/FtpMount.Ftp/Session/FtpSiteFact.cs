namespace FtpMount.Ftp.Session;

/// <summary>One thing that is learned of a server and worth remembering.</summary>
/// <param name="Name">Its name in the file; never changed once released.</param>
/// <param name="Get">Reads it.</param>
/// <param name="Set">Sets it.</param>
/// <param name="TrustsYes">
/// Whether a Yes of an earlier mount counts. It may where the first refusal corrects it, or where it cannot change while the server is the same. Otherwise it is only
/// another word for "try it": the fact is unknown again, and is proven by its first use.
/// </param>
internal sealed record FtpSiteFact(string Name, Func<FtpSite, FtpSupport> Get, Action<FtpSite, FtpSupport> Set, bool TrustsYes = false)
{
    /// <summary>
    /// Whether this protects the user, against somebody in between who takes an offer of the server away: then a Yes holds whatever the server looks like now, and a No never does.
    /// </summary>
    public bool IsProtection { get; init; }
}
