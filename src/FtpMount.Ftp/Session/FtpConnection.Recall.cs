using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <content>
/// The first session of a site that is remembered from an earlier mount. PASS, FEAT, the settings, SYST, PWD and the look at the directory to be shown go in one packet, where
/// else they take four round trips. FEAT, SYST and PWD are asked nevertheless: they show that the server is still the one that is remembered.
/// </content>
internal sealed partial class FtpConnection
{
    private static readonly FtpCommand[] RecallBegin = [new FtpCommand("FEAT")];
    private static readonly FtpCommand[] RecallEnd = [new FtpCommand("SYST"), new FtpCommand("PWD")];

    private FtpReply _greeting = null!;
    private (RemotePath Root, FtpReply[] Replies)? _rootReplies;

    /// <summary>The commands that look whether the directory to be shown is there. MLST goes along: a server that announces it and refuses it for a folder that exists does not have it.</summary>
    public static FtpCommand[] RootCommands(FtpSite site, RemotePath root) =>
        site.Mlst != FtpSupport.No && site.TakesAsNamed(root.Value) ? [site.Command("CWD", root), site.Command("MLST", root)] : [site.Command("CWD", root)];

    /// <summary>The replies to <see cref="RootCommands"/>, when they were sent with the login for this directory; once.</summary>
    public FtpReply[]? TakeRootReplies(RemotePath root)
    {
        var taken = _rootReplies is { } early && early.Root == root ? early.Replies : null;
        _rootReplies = null;
        return taken;
    }

    private FtpCommand[] RecallCommands() =>
        [.. RecallBegin, .. SettingsFor(Site.Features!), .. RecallEnd, .. LooksAlong(Site.ResolveRoot(Site.Identity!.LoginFolder))];

    /// <summary>The look at the directory to be shown; none where it must be found out first whether 255 is to be doubled, or whether the server takes the name for what it is.</summary>
    private FtpCommand[] LooksAlong(RemotePath root)
    {
        const byte Iac = 0xFF;
        var looks = RootCommands(Site, root);
        return looks[0].Argument.Span.Contains(Iac) || !Site.TakesAsNamed(root.Value) ? [] : looks;
    }

    /// <summary>The replies to <see cref="RecallCommands"/>, with a limit of time: a server that has begun to lose commands must not cost a whole time-out.</summary>
    private async ValueTask<FtpReply[]> ReadRecallAsync(int count, CancellationToken cancellationToken)
    {
        using var proof = new CancellationTokenSource(PipeliningProof, Site.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(proof.Token, cancellationToken);
        try
        {
            return await ReadFinalAsync(count, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RemoteException(RemoteError.TimedOut, "The server did not answer all commands that were sent at once.", e);
        }
    }

    private async ValueTask<FtpReply[]> ReadFinalAsync(int count, CancellationToken cancellationToken)
    {
        var replies = new FtpReply[count];
        for (var i = 0; i < count; i++)
            replies[i] = await ReadFinalAsync(cancellationToken);
        return replies;
    }

    /// <summary>Whether the server is the one that is remembered; when it is not, all that is remembered is forgotten.</summary>
    private bool TryConfirmRecall(FtpReply[] replies)
    {
        var remembered = Site.Identity!;
        var root = Site.ResolveRoot(remembered.LoginFolder);
        var settings = SettingsFor(Site.Features!).Length;
        var system = replies[RecallBegin.Length + settings];
        var folder = PwdReply.TryParse(replies[RecallBegin.Length + settings + 1], Site.Codec, out var path) ? path : "/";
        if (FtpSiteIdentity.From(_greeting, system, replies[0], folder) != remembered)
        {
            Site.ForgetRecalled();
            return false;
        }

        CheckSettings(replies.AsSpan(RecallBegin.Length, settings));
        LoginFolder = folder;
        Site.ServerSoftware = FtpSiteIdentity.Describe(_greeting, system);
        var looked = replies[(RecallBegin.Length + settings + RecallEnd.Length)..];
        _rootReplies = looked.Length > 0 ? (root, looked) : null;
        Site.ConfirmRecall();
        return true;
    }

    private void Reached(FtpSessionStep step) => _control.Observer?.Reached(step, _control.Transport.RemoteEndPoint);
}
