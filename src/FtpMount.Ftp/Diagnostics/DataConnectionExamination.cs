using System.Net.Sockets;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Each way of making a data connection, tried by listing the folder on a session of its own.</summary>
internal sealed class DataConnectionExamination(ExaminedServer server)
{
    /// <summary>Long enough for any line; a firewall that drops packets is waited for in vain.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(8);

    private readonly SectionBuilder _section = new("Data connections");

    /// <summary>Whether the way that a mount with these options takes works.</summary>
    public bool Works { get; private set; }

    public async ValueTask<ProfileSection> RunAsync(CancellationToken cancellationToken)
    {
        var family = server.FirstSession!.Peer!.AddressFamily;
        var classic = family == AddressFamily.InterNetwork || server.FirstSession.Peer.Address.IsIPv4MappedToIPv6;
        await server.DropAsync(); // makes room where the server allows few connections
        var epsv = await TryAsync("EPSV", FtpDataMode.Epsv, false, cancellationToken);
        var pasv = classic ? await TryAsync("PASV", FtpDataMode.Pasv, false, cancellationToken) : "for IPv4 only";
        var eprt = await TryAsync("EPRT", FtpDataMode.Active, false, cancellationToken);
        // A firewall that drops the one drops the other.
        var port = !classic ? "for IPv4 only" : eprt is { } why && why.Contains("connect back", StringComparison.Ordinal) ? why : await TryAsync("PORT", FtpDataMode.Active, true, cancellationToken);

        Works = server.Options.DataMode switch
        {
            FtpDataMode.Epsv => epsv is null,
            FtpDataMode.Pasv => pasv is null,
            FtpDataMode.Active => eprt is null || port is null,
            _ => epsv is null || pasv is null,
        };
        AddPassive(epsv, pasv, active: eprt is null || port is null);
        AddActive("Active (EPRT)", eprt);
        AddActive("Active (PORT)", port);
        AddPipelining();
        AddEncryption();
        return _section.Section;
    }

    private void AddPassive(string? epsv, string? pasv, bool active)
    {
        if (epsv is null)
            _section.Works("Extended passive (EPSV)");
        else if (pasv is null)
            _section.Partly("Extended passive (EPSV)", epsv, "PASV is used instead.");
        else
            _section.Problem("Extended passive (EPSV)", epsv, "Nothing can be listed, read or written this way.", active ? "active" : null);
        if (epsv is not null && pasv is null && epsv.Contains("cannot be reached", StringComparison.Ordinal))
            _section.Advise("passive=pasv");
        if (pasv is null)
            _section.Works("Passive (PASV)");
        else if (epsv is null)
            _section.Missing("Passive (PASV)", pasv);
        else
            _section.Problem("Passive (PASV)", pasv, "Nothing can be listed, read or written this way.");
    }

    private void AddActive(string subject, string? failure)
    {
        if (failure is null)
            _section.Works(subject);
        else if (server.Options.DataMode == FtpDataMode.Active)
            _section.Problem(subject, failure);
        else
            _section.Missing(subject, failure);
    }

    private void AddPipelining()
    {
        const string Subject = "Opened in one packet";
        if (server.Site.TransferPipelining == FtpSupport.Yes)
            _section.Works(Subject, "reading a small file takes two round trips");
        else if (server.Site.Pipelining == FtpSupport.No || server.Site.TransferPipelining == FtpSupport.No)
            _section.Partly(Subject, "no", "Each read and listing takes one to three round trips more.");
        else
            _section.Fact(Subject, "not tried");
    }

    private void AddEncryption()
    {
        const string Subject = "TLS session resumed";
        if (server.ResumesTls)
            _section.Works(Subject, "no full handshake for each transfer");
        else if (server.Site.TlsResumption == FtpSupport.No)
            _section.Missing(Subject, "the server does not bear it", "Each transfer begins with a full handshake.");
    }

    /// <returns>Null when it works, otherwise why it does not.</returns>
    private async ValueTask<string?> TryAsync(string name, FtpDataMode mode, bool classic, CancellationToken cancellationToken)
    {
        server.Report($"data connections with {name}");
        var site = server.NewSite(server.Options with
        {
            DataMode = mode,
            Timeout = server.Options.Timeout < LongestWait ? server.Options.Timeout : LongestWait,
        });
        if (classic)
            site.ExtendedDataCommands = FtpSupport.No;
        try
        {
            await using var connection = await FtpFileSystem.ConnectFirstAsync(site, cancellationToken);
            if (!classic && mode == FtpDataMode.Active)
                site.ExtendedDataCommands = FtpSupport.Yes;
            site.DataConnectionsProven = true; // so that it does not fall back to another way
            await foreach (var _ in FtpListing.ListAsync(connection, server.Root, exactTimes: false, cancellationToken))
                break;
            return null;
        }
        catch (RemoteException e)
        {
            return e.ServerReply is { } reply ? $"refused ({reply})" : e.Message.TrimEnd('.');
        }
    }
}
