using System.Globalization;
using FtpMount.Sftp.Configuration;
using FtpMount.Sftp.Tests.BuiltIn;

namespace FtpMount.Sftp.Tests.Configuration;

/// <summary>Against what <c>ssh -G</c> makes of the same file.</summary>
public sealed class SshConfigTests : IDisposable
{
    private readonly SshHome _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("HostName 192.0.2.7\nPort 2222\nUser anna\n")]
    [InlineData("Host example\nHostName=real.%h.org\nHost *\nHostName other\n")]
    [InlineData("Host !example *\nPort 1\nHost ex?mple\nPort 2\nHost *\nPort 3\n")]
    [InlineData("Host other example\n  port   =  77\n\tUser\t\"anna b\"\n")]
    [InlineData("User first\nUser second\nMatch host example\nPort 5\n")]
    [InlineData("HostName real.example.org\nMatch host *.example.org\nPort 6\nMatch originalhost example\nPort 7\n")]
    [InlineData("Match user anna\nPort 8\nMatch all\nUser bert\nMatch user bert\nPort 9\n")]
    [InlineData("Match !host example\nPort 8\nMatch originalhost e*,!x host example\nPort 9\n")]
    [InlineData("Match final host real\nPort 8\nMatch all\nHostName real\n")]
    [InlineData("ServerAliveInterval 1m30s\nServerAliveCountMax 7\nConnectTimeout 2m\n")]
    [InlineData("StrictHostKeyChecking accept-new\nHashKnownHosts yes\nIdentitiesOnly true\n")]
    [InlineData("StrictHostKeyChecking no\n")]
    [InlineData("StrictHostKeyChecking off\nHashKnownHosts no\n")]
    [InlineData("UserKnownHostsFile /a \"/b c\" /d\nGlobalKnownHostsFile /e /f\n")]
    [InlineData("ProxyJump anna@jump:2222,second\n")]
    [InlineData("ProxyJump none\n")]
    [InlineData("Host example\nProxyJump [2001:db8::1]:22\nHost *\nProxyJump other\n")]
    [InlineData("IdentityFile /keys/one\nIdentityFile \"/keys/two three\"\nHost example\nIdentityFile /keys/four\nIdentityFile /keys/one\n")]
    [InlineData("CertificateFile /keys/cert\nIdentityAgent /run/agent\n")]
    [InlineData("HostKeyAlias storage\n# comment\n   # another\nPort 4 # behind\n")]
    [InlineData("IgnoreUnknown Nonsense\nNonsense yes\nForwardX11 yes\nLocalForward 1 a:2\nPort 3\n")]
    [InlineData("Include inc/*.conf\nPort 99\n")]
    [InlineData("Host other\nInclude inc/*.conf\nHost *\nPort 98\n")]
    [InlineData("Host example\nInclude inc/a.conf inc/b.conf\nPort 97\n")]
    public void A_host_is_configured_as_ssh_does_it(string text)
    {
        Directory.CreateDirectory(_home.InHome("inc"));
        File.WriteAllText(_home.InHome("inc/a.conf"), "Host nobody\nPort 41\nHost example\nUser from-a\n");
        File.WriteAllText(_home.InHome("inc/b.conf"), "Port 42\nServerAliveInterval 5\n");
        File.WriteAllText(_home.InHome("inc/.hidden.conf"), "Port 43\n");
        var path = _home.Write("config", text);
        // ssh reads includes relative to the home folder of the password database, so it gets absolute ones.
        var absolute = _home.Write("config-for-ssh", text.Replace("inc/", _home.InHome("inc/"), StringComparison.Ordinal));
        foreach (var (port, user) in ((int?, string?)[])[(null, null), (1234, "given")])
        {
            var ours = SshConfigReader.Read(_home.Environment with { UserName = System.Environment.UserName, UserConfigurationFile = path }, "example", port, user);
            var theirs = AskSsh(absolute, port, user);
            Assert.Equal(One(theirs, "hostname"), ours.HostName);
            Assert.Equal(One(theirs, "port"), Text(ours.Port));
            Assert.Equal(One(theirs, "user"), ours.User);
            Assert.Equal(One(theirs, "hostkeyalias", ""), ours.HostKeyAlias ?? "");
            Assert.Equal(One(theirs, "identitiesonly"), ours.IdentitiesOnly ? "yes" : "no");
            Assert.Equal(One(theirs, "hashknownhosts"), ours.HashKnownHosts ? "yes" : "no");
            Assert.Equal(One(theirs, "serveralivecountmax"), Text(ours.ServerAliveCountMax));
            Assert.Equal(One(theirs, "serveraliveinterval"), Text((long)(ours.ServerAliveInterval ?? TimeSpan.Zero).TotalSeconds));
            Assert.Equal(One(theirs, "connecttimeout"), ours.ConnectTimeout is { } timeout ? Text((long)timeout.TotalSeconds) : "none");
            Assert.Equal(One(theirs, "stricthostkeychecking"), One(theirs, "stricthostkeychecking") switch
            {
                "false" => ours.StrictHostKeyChecking == StrictHostKeyChecking.AcceptNew ? "false" : "",
                "true" => ours.StrictHostKeyChecking == StrictHostKeyChecking.Yes ? "true" : "",
                "accept-new" => ours.StrictHostKeyChecking == StrictHostKeyChecking.AcceptNew ? "accept-new" : "",
                _ => ours.StrictHostKeyChecking == StrictHostKeyChecking.Ask ? "ask" : "",
            });
            Assert.Equal(One(theirs, "proxyjump", ""), string.Join(',', ours.Jumps));
            Assert.Equal(theirs.Where(line => line.Key == "certificatefile").Select(line => line.Value), ours.CertificateFiles);
            if (text.Contains("IdentityFile", StringComparison.Ordinal))
                Assert.Equal(theirs.Where(line => line.Key == "identityfile").Select(line => line.Value), ours.IdentityFiles);
            else
                Assert.Empty(ours.IdentityFiles);
            if (text.Contains("IdentityAgent", StringComparison.Ordinal))
                Assert.Equal(One(theirs, "identityagent"), ours.AgentSocket);
            if (text.Contains("UserKnownHostsFile", StringComparison.Ordinal))
            {
                Assert.Equal(One(theirs, "userknownhostsfile"), string.Join(' ', ours.UserKnownHostsFiles));
                Assert.Equal(One(theirs, "globalknownhostsfile"), string.Join(' ', ours.GlobalKnownHostsFiles));
            }
        }
    }

    [Fact]
    public void Tokens_the_home_folder_and_variables_are_replaced()
    {
        _home.Variables["KEYS"] = "/keys";
        _home.Write("config", "HostName %h.example.org\nPort 2222\nUser anna\nIdentityFile ~/%h-%n-%p-%r-%u-100%%\nIdentityFile ${KEYS}/%d\nCertificateFile %d/.ssh/%L\n");
        var configuration = SshConfigReader.Read(_home.Environment, "web", null, null);
        Assert.Equal("web.example.org", configuration.HostName);
        Assert.Equal([$"{_home.Folder}/web.example.org-web-2222-anna-local-user-100%", $"/keys/{_home.Folder}"], configuration.IdentityFiles);
        Assert.Equal([$"{_home.Folder}/.ssh/machine"], configuration.CertificateFiles);
    }

    [Fact]
    public void The_users_file_comes_before_the_systems()
    {
        _home.Write("config", "Port 1\n");
        File.WriteAllText(_home.Environment.SystemConfigurationFile, "Port 2\nUser system\n");
        var configuration = SshConfigReader.Read(_home.Environment, "web", null, null);
        Assert.Equal((1, "system"), (configuration.Port, configuration.User));
    }

    [Fact]
    public void Without_files_there_are_the_usual_values()
    {
        File.Delete(_home.InHome("config"));
        var configuration = SshConfigReader.Read(_home.Environment, "web", null, null);
        Assert.Equal(("web", 22, "local-user"), (configuration.HostName, configuration.Port, configuration.User));
        Assert.Equal([_home.KnownHosts, _home.KnownHosts + "2"], configuration.UserKnownHostsFiles);
        Assert.Null(configuration.AgentSocket);
    }

    [Theory]
    [InlineData("Match exec \"true\"\nPort 1\n", "transport=ssh")]
    [InlineData("ProxyCommand nc %h %p\n", "transport=ssh")]
    [InlineData("Port 0\n", "Port 0")]
    [InlineData("Port many\n", ":1")]
    [InlineData("User anna\nPort\n", ":2")]
    [InlineData("HostName \"open\n", "quote")]
    [InlineData("IdentityFile %y\n", "%y")]
    [InlineData("IdentityFile ${NOT_SET_ANYWHERE}\n", "NOT_SET_ANYWHERE")]
    [InlineData("ServerAliveInterval soon\n", "soon")]
    [InlineData("StrictHostKeyChecking perhaps\n", "perhaps")]
    [InlineData("ProxyJump a:b:c@:0\n", "ProxyJump")]
    [InlineData("Include config\n", "Include")]
    public void What_cannot_be_done_or_understood_is_named_with_its_line(string text, string expected)
    {
        var path = _home.Write("config", text);
        var failure = Assert.Throws<SshConfigException>(() => SshConfigReader.Read(_home.Environment, "web", null, null));
        Assert.Contains(expected, failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith(path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Match_exec_does_no_harm_where_it_does_not_decide()
    {
        _home.Write("config", "Match host other exec \"true\"\nPort 1\nHost web\nPort 2\n");
        Assert.Equal(2, SshConfigReader.Read(_home.Environment, "web", null, null).Port);
    }

    [Fact]
    public void A_file_that_others_can_change_is_refused()
    {
        File.SetUnixFileMode(_home.Write("config", "Port 1\n"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        Assert.Contains("chmod", Assert.Throws<SshConfigException>(() => SshConfigReader.Read(_home.Environment, "web", null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keywords_that_have_no_effect_here_are_reported()
    {
        _home.Write("config", "Ciphers aes128-ctr\nForwardAgent yes\n");
        Assert.Contains("ciphers", Assert.Single(SshConfigReader.Read(_home.Environment, "web", null, null).Ignored), StringComparison.Ordinal);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static List<KeyValuePair<string, string>> AskSsh(string file, int? port, string? user)
    {
        List<string> arguments = ["-F", file, "-G"];
        if (port is { } number)
            arguments.AddRange(["-p", Text(number)]);
        if (user is not null)
            arguments.AddRange(["-l", user]);
        return [.. SshHome.Run("ssh", [.. arguments, "example"]).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2)).Select(fields => KeyValuePair.Create(fields[0], fields.Length > 1 ? fields[1] : ""))];
    }

    private static string One(List<KeyValuePair<string, string>> lines, string keyword, string? missing = null)
    {
        var found = lines.Where(line => line.Key == keyword).Select(line => line.Value).ToList();
        return found.Count == 0 && missing is not null ? missing : Assert.Single(found);
    }
}
