using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.BuiltIn;

public sealed class LoginTests : IDisposable
{
    private readonly SshHome _home = new();
    private readonly List<string> _authorized = [];

    public void Dispose()
    {
        _home.Dispose();
        _authorized.ForEach(File.Delete);
    }

    [Theory]
    [InlineData("ed25519", "", "")]
    [InlineData("rsa", "", "")]
    [InlineData("ecdsa", "256", "")]
    [InlineData("ecdsa", "384", "")]
    [InlineData("ecdsa", "521", "")]
    [InlineData("rsa", "", "PEM")]
    [InlineData("rsa", "", "PKCS8")]
    [InlineData("ecdsa", "256", "PEM")]
    [InlineData("ecdsa", "256", "PKCS8")]
    public async Task A_key_opens_in_every_format(string type, string bits, string format)
    {
        var key = MakeKey("mykey", type, bits, format);
        // Nothing beside it: the public key must come from the file.
        await using var server = await StartAsync($"AuthorizedKeysFile {Authorize(key)}");
        File.Delete(key + ".pub");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [key] }));
    }

    [Theory]
    [InlineData("ed25519", "")]
    [InlineData("rsa", "PEM")]
    public async Task A_passphrase_is_asked_for_until_it_is_right_and_once_for_all_connections(string type, string format)
    {
        var key = MakeKey("mykey", type, "", format, "open sesame");
        await using var server = await StartAsync($"AuthorizedKeysFile {Authorize(key)}");
        var prompter = new ScriptedPrompter("wrong", "open sesame");
        await using var connector = _home.Connector(SshHome.OptionsFor(server) with { IdentityFiles = [key] }, prompter);
        await using var first = await connector.ConnectAsync(SshHome.Token);
        await using var second = await connector.ConnectAsync(SshHome.Token);
        Assert.Equal(3u, await SshHome.HelloAsync(second));
        Assert.Equal(2, prompter.Asked.Count);
        Assert.All(prompter.Asked, question => Assert.True(question.IsSecret && question.Question.Contains(key, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nobody_is_asked_for_the_passphrase_of_a_key_that_the_server_does_not_want()
    {
        var key = MakeKey("mykey", "ed25519", "", "", "open sesame");
        await using var server = await StartAsync();
        var prompter = new ScriptedPrompter("open sesame");
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { IdentityFiles = [key] }, prompter);
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.DoesNotContain(prompter.Asked, question => question.Question.Contains("assphrase", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_terminal_a_key_with_a_passphrase_is_left_out_and_named()
    {
        var key = MakeKey("mykey", "ed25519", "", "", "open sesame");
        await using var server = await StartAsync($"AuthorizedKeysFile {Authorize(key)}", "PasswordAuthentication no");
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { IdentityFiles = [key] });
        Assert.Contains($"{key}: it has a passphrase", failure.Message, StringComparison.Ordinal);
        Assert.Contains("publickey", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-add", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_others_can_read_is_not_used()
    {
        await using var server = await StartAsync();
        var key = _home.Write("open", File.ReadAllText(server.PrivateKeyPath));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { IdentityFiles = [key] });
        Assert.Contains("chmod 600", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_file_that_is_not_there_is_named()
    {
        await using var server = await StartAsync();
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { IdentityFiles = ["/nowhere/key"] });
        Assert.Contains("identity-file=/nowhere/key", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_usual_key_is_found()
    {
        await using var server = await StartAsync();
        _home.Write("id_ed25519", File.ReadAllText(server.PrivateKeyPath));
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] }));
    }

    [Fact]
    public async Task A_password_opens()
    {
        await using var server = await StartAsync();
        SkipWithoutPassword(server);
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [], Password = server.Password }));
    }

    [Fact]
    public async Task A_password_is_asked_for_when_the_server_wants_one()
    {
        await using var server = await StartAsync();
        SkipWithoutPassword(server);
        var prompter = new ScriptedPrompter("wrong", server.Password);
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] }, prompter));
        Assert.Equal(2, prompter.Asked.Count);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_with_what_was_tried_and_what_is_offered()
    {
        await using var server = await StartAsync();
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { Password = "wrong", IdentityFiles = [] });
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.Contains("it offers publickey, password", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Tried: the password", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public async Task With_nothing_to_try_the_message_says_what_to_give()
    {
        await using var server = await StartAsync();
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] });
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.Contains("nothing to try", failure.Message, StringComparison.Ordinal);
        Assert.Contains("password-file=FILE", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_answers_a_keyboard_interactive_question()
    {
        await using var server = await StartInteractiveAsync();
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [], Password = server.Password }));
    }

    [Fact]
    public async Task A_person_answers_a_keyboard_interactive_question()
    {
        await using var server = await StartInteractiveAsync();
        var prompter = new ScriptedPrompter(server.Password);
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] }, prompter));
        Assert.True(Assert.Single(prompter.Asked).IsSecret);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task A_user_certificate_opens(string type)
    {
        var key = MakeKey("mykey", type);
        var authority = MakeKey("authority", "ed25519");
        await using var server = await StartAsync($"TrustedUserCAKeys {authority}.pub", "AuthorizedKeysFile none");
        SshHome.Run("ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", server.User, key + ".pub");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [key] }));
    }

    [Fact]
    public async Task A_certificate_of_another_place_is_found_by_the_configuration()
    {
        var key = MakeKey("mykey", "ed25519");
        var authority = MakeKey("authority", "ed25519");
        await using var server = await StartAsync($"TrustedUserCAKeys {authority}.pub", "AuthorizedKeysFile none");
        SshHome.Run("ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", server.User, key + ".pub");
        File.Move(key + "-cert.pub", _home.InHome("elsewhere.pub"));
        _home.Write("config", $"IdentityFile {key}\nCertificateFile ~/.ssh/elsewhere.pub\n");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] }));
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task The_agent_signs(string type)
    {
        var key = MakeKey("mykey", type);
        await using var server = await StartAsync($"AuthorizedKeysFile {Authorize(key)}");
        using var agent = new TestAgent(_home.InHome("agent"));
        agent.Add(key);
        File.Delete(key);
        _home.Variables["SSH_AUTH_SOCK"] = agent.SocketPath;
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] }));
    }

    [Fact]
    public async Task The_agent_signs_for_a_certificate_beside_the_key()
    {
        var key = MakeKey("mykey", "rsa");
        var authority = MakeKey("authority", "ed25519");
        await using var server = await StartAsync($"TrustedUserCAKeys {authority}.pub", "AuthorizedKeysFile none");
        SshHome.Run("ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", server.User, key + ".pub");
        using var agent = new TestAgent(_home.InHome("agent"));
        agent.Add(key);
        File.Delete(key);
        _home.Write("config", $"IdentityAgent {agent.SocketPath}\n");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [key] }));
    }

    [Fact]
    public async Task A_named_key_of_the_agent_comes_before_its_others_so_that_the_server_does_not_tire()
    {
        var key = MakeKey("mykey", "ed25519");
        await using var server = await StartAsync($"AuthorizedKeysFile {Authorize(key)}", "MaxAuthTries 3");
        using var agent = new TestAgent(_home.InHome("agent"));
        for (var i = 0; i < 5; i++)
            agent.Add(MakeKey($"other{i}", "ed25519"));
        agent.Add(key);
        _home.Variables["SSH_AUTH_SOCK"] = agent.SocketPath;
        _home.Write("config", $"IdentityFile {key}.pub\n");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] }));

        _home.Write("config", "");
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { IdentityFiles = [] });
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.Contains("identity-file", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_not_there_does_no_harm()
    {
        await using var server = await StartAsync();
        _home.Variables["SSH_AUTH_SOCK"] = _home.InHome("nothing");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server)));
    }

    [Fact]
    public async Task Both_a_key_and_a_password_are_given_when_the_server_wants_both()
    {
        await using var server = await StartAsync("AuthenticationMethods publickey,password");
        SkipWithoutPassword(server);
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { Password = server.Password }));
    }

    private async Task<SshTestServer> StartAsync(params string[] configuration)
    {
        var server = await SshTestServer.StartAsync(new SshServerOptions { ExtraConfiguration = configuration }, SshHome.Token);
        _home.Trust(server);
        return server;
    }

    private async Task<SshTestServer> StartInteractiveAsync()
    {
        if (!File.Exists("/etc/pam.d/sshd"))
            Assert.Skip("PAM does not know sshd here");
        var server = await StartAsync("UsePAM yes", "KbdInteractiveAuthentication yes", "PasswordAuthentication no", "AuthenticationMethods keyboard-interactive");
        SkipWithoutPassword(server);
        return server;
    }

    private static void SkipWithoutPassword(SshTestServer server)
    {
        if (server.Password.Length == 0)
            Assert.Skip("Only root can start a server that checks passwords");
    }

    private async Task<RemoteException> RefusalAsync(SftpOptions options, ScriptedPrompter? prompter = null) =>
        await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(options, prompter));

    private string MakeKey(string name, string type, string bits = "", string format = "", string passphrase = "")
    {
        var path = _home.InHome(name);
        List<string> arguments = ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path];
        if (bits.Length > 0)
            arguments.AddRange(["-b", bits]);
        if (format.Length > 0)
            arguments.AddRange(["-m", format]);
        SshHome.Run("ssh-keygen", [.. arguments]);
        return path;
    }

    /// <summary>A file with authorized keys that every user can read: the server's process may have another user's rights.</summary>
    private string Authorize(string key)
    {
        var path = Path.Combine(Path.GetTempPath(), $"ftpmount-authorized-{Guid.NewGuid():N}");
        File.Copy(key + ".pub", path);
        _authorized.Add(path);
        return path;
    }
}
