// One thread that makes items ahead of their use.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace attend {

/// Calls `make` over and over in a thread of its own and keeps up to `capacity` items ready. An exception thrown by
/// `make` ends the thread and comes out of next() after the items made before it.
template <class Item>
class Prefetch {
 public:
  Prefetch(std::size_t capacity, std::function<Item()> make) : capacity_(capacity), make_(std::move(make)), thread_([this] { run(); }) {}
  ~Prefetch() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    room_.notify_all();
    thread_.join();
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  Item next() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !items_.empty() || failure_; });
    if (items_.empty()) std::rethrow_exception(failure_);
    Item item = std::move(items_.front());
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return item;
  }

 private:
  void run() {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return stopping_ || items_.size() < capacity_; });
        if (stopping_) return;
      }
      try {
        Item item = make_();
        const std::lock_guard lock(mutex_);
        items_.push_back(std::move(item));
      } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
      }
      ready_.notify_one();
      const std::lock_guard lock(mutex_);
      if (failure_) return;
    }
  }

  const std::size_t capacity_;
  const std::function<Item()> make_;
  std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::deque<Item> items_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace attend
