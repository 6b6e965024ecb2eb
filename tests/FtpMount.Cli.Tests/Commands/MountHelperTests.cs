using FtpMount.Cli.Commands;
using FtpMount.Service;

namespace FtpMount.Cli.Tests.Commands;

public sealed class MountHelperTests
{
    [Fact]
    public void The_words_of_mount_are_understood()
    {
        var request = MountHelper.Parse(["ftp://h/x", "/mnt", "-sfnv", "-o", "rw,_netdev", "-oro", "-t", "ftpmount", "-N", "ns"]);
        Assert.Equal(("ftp://h/x", "/mnt", true, true, true, false), (request.Url, request.MountPoint, request.Sloppy, request.Fake, request.Verbose, request.Foreground));
        Assert.Equal(["rw,_netdev", "ro"], request.OptionLists);
    }

    [Fact]
    public void Reading_and_writing_are_options_too() => Assert.Equal(["ro", "rw"], MountHelper.Parse(["-r", "ftp://h/", "/mnt", "-w"]).OptionLists);

    [Theory]
    [InlineData("ftp://h/")]
    [InlineData("ftp://h/ /mnt more")]
    [InlineData("ftp://h/ /mnt -o")]
    [InlineData("ftp://h/ /mnt -x")]
    public void Other_words_are_wrong_usage(string words) => Assert.Throws<UsageException>(() => MountHelper.Parse(words.Split(' ')));

    [Theory]
    [InlineData("mount.ftpmount", "ftp://h/ /mnt", true)]
    [InlineData("ftpmount", "ftp://h/ /mnt -o ro", true)]
    [InlineData("ftpmount", "mount ftp://h/ /mnt", false)]
    [InlineData("ftpmount", "status", false)]
    public void It_is_known_by_its_name_or_by_a_url_in_the_place_of_a_command(string name, string words, bool helper) =>
        Assert.Equal(helper, MountHelper.IsInvocation(name, words.Split(' ')));
}
