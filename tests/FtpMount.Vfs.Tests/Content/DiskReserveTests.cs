using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests.Content;

public sealed class DiskReserveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ftpmount-reserve-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Room_is_kept_back_given_up_once_and_kept_back_again()
    {
        var path = Path.Combine(_folder, "reserve");
        using var reserve = new DiskReserve(path, 64 << 10);
        Assert.True(reserve.IsHeld);
        Assert.True(File.Exists(path));
        Assert.True(reserve.TryRelease());
        Assert.False(reserve.IsHeld);
        Assert.False(File.Exists(path));
        Assert.False(reserve.TryRelease());
        reserve.Renew();
        Assert.True(reserve.IsHeld);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Nothing_is_left_after_the_end()
    {
        new DiskReserve(Path.Combine(_folder, "reserve"), 64 << 10).Dispose();
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_done_without()
    {
        using var reserve = new DiskReserve(Path.Combine(_folder, "missing", "reserve"), 64 << 10);
        Assert.False(reserve.IsHeld);
        Assert.False(reserve.TryRelease());
    }

    [Fact]
    public void What_a_killed_process_left_is_taken_over()
    {
        var path = Path.Combine(_folder, "reserve");
        File.WriteAllText(path, "left");
        using var reserve = new DiskReserve(path, 64 << 10);
        Assert.True(reserve.IsHeld);
    }
}
